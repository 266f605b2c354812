"""How much a request may bring: said before its body is read, whoever sends it."""

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

# The largest file that an organization may allow (documents.models.LARGEST_LIMIT), and what a form puts around it.
MOST_BYTES = (1024 + 16) * 1024 * 1024


class LimitedUpload(FileUploadHandler):
    """Stands before the handlers that keep files: refuses a body that is too large and leaves the rest to them."""

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):
        if content_length > MOST_BYTES:
            raise RequestDataTooBig(f"{content_length} bytes are more than {MOST_BYTES}")

    def receive_data_chunk(self, raw_data, start):
        return raw_data

    def file_complete(self, file_size):
        return None
