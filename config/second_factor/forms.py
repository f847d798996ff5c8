"""What is typed of a second factor: with the password, and when it is set up."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm

from config.second_factor.devices import CodeRefused, has_second_factor, verified_by


class CodeField(forms.CharField):
    def __init__(self, **options: Any) -> None:
        attributes = {"autocomplete": "one-time-code", "inputmode": "text", "size": "12"}
        super().__init__(
            max_length=20, widget=forms.TextInput(attrs=attributes), strip=True, **options
        )


class LoginForm(AdminAuthenticationForm):
    """User name, password and, for whoever has set one up, the code of the second factor."""

    code = CodeField(required=False, label="Code, if you have set up a second factor")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        user = self.get_user()
        if user is None or not has_second_factor(user):
            return cleaned
        code = cleaned.get("code", "")
        if not code:
            raise forms.ValidationError("Enter the code that your authenticator app shows too.")
        try:
            user.otp_device = verified_by(user, code)  # django-otp's login keeps it in the session
        except CodeRefused as refused:
            raise forms.ValidationError(str(refused)) from refused
        return cleaned


class CodeForm(forms.Form):
    code = CodeField(label="Code")
