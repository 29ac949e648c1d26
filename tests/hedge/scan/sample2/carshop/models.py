from django.db import models
from django.utils.translation import gettext_lazy as _


class CarModel(models.Model):
    """A car model, not a language model such as gpt-4o."""

    DEFAULT_MODEL = "corolla/touring"

    make = models.ForeignKey("carshop.Make", on_delete=models.CASCADE)
    model_name = models.CharField(_("model"), max_length=80, default="golf-8")
    version = models.CharField(max_length=20, default="v1.5")
    engine = models.CharField(max_length=40, choices=[("tdi-2.0", "TDI 2.0"), ("tsi-1.5", "TSI 1.5")])

    class Meta:
        app_label = "carshop"
        db_table = "carshop_car_model"
        ordering = ["model_name"]

    @classmethod
    def load(cls, model="golf-8"):
        return cls.objects.get(model_name=model)


def best_seller():
    return CarModel.load(model="model-3")
