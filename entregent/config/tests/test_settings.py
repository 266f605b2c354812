from django.test import RequestFactory
from whitenoise.middleware import WhiteNoiseMiddleware


def test_static_files_carry_a_policy_and_their_type_alone(settings, tmp_path):
    (tmp_path / "a.css").write_text("a { color: red }")
    settings.STATIC_ROOT = tmp_path
    answer = WhiteNoiseMiddleware(lambda request: None)(RequestFactory().get("/static/a.css"))
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
