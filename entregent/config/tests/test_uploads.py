"""A body that is too large is refused before it is read."""

from io import BytesIO

import pytest
from django.core.exceptions import RequestDataTooBig
from django.core.handlers.wsgi import WSGIRequest


class Endless(BytesIO):
    """A body that must not be read."""

    def read(self, *args):
        raise AssertionError("the body was read")


def request_with(body, length):
    return WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/connexion/",
            "CONTENT_TYPE": "multipart/form-data; boundary=x",
            "CONTENT_LENGTH": str(length),
            "wsgi.input": body,
        }
    )


def test_nobody_makes_the_server_swallow_gigabytes():
    with pytest.raises(RequestDataTooBig):
        _ = request_with(Endless(), 5 * 1024**3).POST


def test_a_file_of_ordinary_size_comes_through():
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\na;b\r\n--x--\r\n'
    assert request_with(BytesIO(body), len(body)).FILES["f"].read() == b"a;b"
