"""Uploaded files. Browsers refuse a file that is too large before they send it; other clients are refused here."""

from streamlit.runtime.uploaded_file_manager import UploadedFile

from simcse_core.errors import InputError
from simcse_core.limits import limits

MEGABYTE = 2**20
"""As Streamlit counts."""


def content(file: UploadedFile) -> bytes:
    """The bytes of a file with texts or a table.

    Raises:
        InputError: it is larger than the limit.
    """
    most = limits().max_file_megabytes
    if file.size > most * MEGABYTE:
        raise InputError(
            "{file} has {given:,.0f} MB: the limit is {most:,} MB (SIMCSE_MAX_FILE_MEGABYTES). Take a part of it.",
            file=file.name,
            given=file.size / MEGABYTE,
            most=most,
        )
    return file.getvalue()
