"""Vehicles of the depot. Nothing here has to do with machine learning."""
from dataclasses import dataclass

from django.db import models


@dataclass
class Vehicle:
    make: str
    model: str = "Actros"


class Invoice(models.Model):
    number = models.CharField(max_length=20)


class InvoiceForm:
    class Meta:
        model = Invoice
        template = "billing/invoice.html"


FLEET = [
    Vehicle(make="Mercedes", model="eActros 300"),
    Vehicle(make="MAN", model="TGX/XXL"),
    Vehicle(make="Volvo", model="FH16"),
]
