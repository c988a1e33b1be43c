from __future__ import annotations

import io

from rich.console import Console

from gwae_core.cli.progress import AFTER, Bar, Lines, Silence

TERMS = {"reconstruction": 0.5, "gw": 0.25}
WARNING = {
    "event": "warning",
    "step": 5,
    "stage": "joint",
    "message": "posterior collapse",
    "remedy": "lower weights.entropy",
}


class Clock:
    """Seconds that a test moves on by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def play(display, clock, *, steps=30, seconds=1.0):
    """A run of two stages, each step of which takes some seconds."""
    sizes = {"train": 10, "validation": 2, "test": 3}
    stages = ["first", "joint"]
    display({"event": "start", "step": 0, "steps": steps, "stages": stages, **sizes})
    for step in range(1, steps + 1):
        stage = stages[step > steps // 2]
        if step in (1, steps // 2 + 1):
            display({"event": "stage", "step": step - 1, "stage": stage})
        clock.now += seconds
        display({"event": "progress", "step": step, "stage": stage, "terms": TERMS})
    display({"event": "validation", "step": steps, "stage": "joint", "terms": TERMS, "total": 1})
    display(WARNING)
    display({"event": "end", "step": steps, "seconds": steps * seconds})
    clock.now += 7


def test_plain_lines_come_every_ten_seconds_and_at_each_validation():
    clock, file = Clock(), io.StringIO()
    with Lines(file, clock) as display:
        play(display, clock)
    assert file.getvalue().splitlines() == [
        "data: 10 train, 2 validation, 3 test; 30 steps, stages: first, joint",
        "first 10/30  reconstruction 0.5  gw 0.25  (1.0 steps/s, 0:20 left)",
        "joint 20/30  reconstruction 0.5  gw 0.25  (1.0 steps/s, 0:10 left)",
        "joint 30/30  reconstruction 0.5  gw 0.25  (1.0 steps/s, 0:00 left)",
        "joint 30/30  validation: reconstruction 0.5  gw 0.25",
        "warning: posterior collapse",
        "hint: lower weights.entropy",
        "trained 30 steps in 0:30",
    ]


def test_fast_steps_print_no_line_each():
    clock, file = Clock(), io.StringIO()
    with Lines(file, clock) as display:
        play(display, clock, steps=1000, seconds=0.005)
    assert len(file.getvalue().splitlines()) == 5


def test_hours_are_written_as_such():
    clock, file = Clock(), io.StringIO()
    with Lines(file, clock) as display:
        play(display, clock, steps=4, seconds=3600)
    assert "(0.0 steps/s, 3:00:00 left)" in file.getvalue()


def test_the_time_of_each_stage_and_of_what_follows_training():
    clock = Clock()
    with Lines(io.StringIO(), clock) as display:
        play(display, clock)
    assert display.stages() == [("first", 15.0), ("joint", 15.0), (AFTER, 7.0)]


def test_silence_lets_warnings_through(capsys):
    clock = Clock()
    with Silence(clock) as display:
        play(display, clock)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "warning: posterior collapse\nhint: lower weights.entropy\n"


def test_a_terminal_shows_a_bar_with_the_terms_and_warnings_above_it():
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=120, color_system=None)
    with Bar(console) as display:
        play(display, Clock(), steps=4)
    text = file.getvalue()
    assert "joint" in text
    assert "4/4" in text
    assert "reconstruction 0.5  gw 0.25" in text
    assert "warning: posterior collapse" in text
    assert [name for name, _ in display.stages()] == ["first", "joint", AFTER]


def test_a_bar_is_taken_away_when_training_fails():
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80, color_system=None)
    display = Bar(console)
    try:
        with display:
            play(display, Clock(), steps=1)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert display.progress.finished
    assert "\x1b[?25h" in file.getvalue()
