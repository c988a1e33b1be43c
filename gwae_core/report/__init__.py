"""The report: from the files of a run folder to figures and one page that holds everything."""

from gwae_core.report.page import write_report

__all__ = ["write_report"]
