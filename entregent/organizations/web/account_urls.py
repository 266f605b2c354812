"""Sign-in and account: addresses that belong to no organization."""

urlpatterns = []
