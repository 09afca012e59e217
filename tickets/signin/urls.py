from django.contrib.auth.views import LogoutView
from django.urls import path

from tickets.desk import security
from tickets.signin.views import PasswordStep, code_step

urlpatterns = [
    path("accounts/login/", PasswordStep.as_view(), name="login"),
    path("accounts/login/code/", code_step, name="login-code"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("settings/security/", security.security, name="settings-security"),
    path("settings/security/second-step/", security.set_up, name="settings-second-step"),
    path("settings/security/change/", security.change, name="settings-security-change"),
    path("settings/security/log-out/", security.log_out, name="settings-log-out-others"),
    path("settings/security/log-out/<int:login_id>/", security.log_out, name="settings-log-out"),
]
