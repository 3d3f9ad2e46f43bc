from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.db import transaction
from django.forms import modelform_factory
from django.http import HttpResponse, HttpResponseForbidden
from django.shortcuts import render
from django.views.decorators.http import require_POST

from .models import Yo
from .signals import own_group
from .sse import subscribe

TEMPLATE = "django_yo/page.html"
YoForm = modelform_factory(Yo, fields=["to_user"], labels={"to_user": "Send a yo to"})


def page(request):
    form = YoForm() if request.user.is_authenticated else AuthenticationForm()
    yos = Yo.objects.select_related("from_user", "to_user").order_by("-pk")
    mine = yos.filter(to_user=request.user.pk)
    return render(request, TEMPLATE, {"form": form, "mine": mine[:20], "everybodys": yos[:20]})


@require_POST
@login_required
@transaction.atomic
def send(request):
    form = YoForm(request.POST, instance=Yo(from_user=request.user))
    if not form.is_valid():
        return HttpResponse(form.errors.as_text(), status=400, content_type="text/plain")
    form.save()
    return HttpResponse(status=204)


@subscribe("yo")
def everybody(request):
    """Nothing to decide: anyone may listen."""


@subscribe()
def mine(request):
    if not request.user.is_authenticated:
        return HttpResponseForbidden("Sign in first.\n", content_type="text/plain")
    return own_group(request.user)
