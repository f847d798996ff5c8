"""What visitors ask of the GPU list, checked and turned into a filter and an order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from calculator.words.fields import AmountField, WordField
from calculator.words.formatting import query_number
from calculator.words.paging import PageField
from calculator.words.query_forms import Order, QueryForm, search_field
from gpus.listing.selection import DEFAULT_ORDER, GpuFilter
from gpus.models import Vendor
from gpus.specs import GpuSpec
from gpus.tiers import Audience

LONGEST_SEARCH = 60
LARGEST_NUMBER = Decimal(1_000_000)

# Each way to sort, in words: for the list of choices and for the line that says how many.
ORDERS = {
    "memory": "least memory first",
    "-memory": "most memory first",
    "name": "names from A to Z",
    "-name": "names from Z to A",
    "-bandwidth": "fastest memory first",
    "bandwidth": "slowest memory first",
    "-tflops": "most bf16 TFLOPS first",
    "tflops": "fewest bf16 TFLOPS first",
    "-launch": "newest first",
    "launch": "oldest first",
    "retail_price": "cheapest to buy first",
    "-retail_price": "dearest to buy first",
    "cloud_price": "cheapest to rent first",
    "-cloud_price": "dearest to rent first",
}


class GpuListForm(QueryForm):
    """The GPU list's query string. It is always bound; what is left out is not asked for."""

    defaults = {"sort": str(DEFAULT_ORDER)}

    search = search_field(LONGEST_SEARCH, "4090")
    vendor = WordField(required=False, label="Vendor")
    audience = WordField(required=False, label="Made for")
    memory = AmountField(unit="GB", example="24", label="Memory from (GB)")
    max_retail_price = AmountField(unit="USD", example="1500", label="Buy up to ($)")
    max_cloud_price = AmountField(unit=r"USD|/\s*h", example="1.50", label="Rent up to ($/h)")
    sort = WordField(label="Sort by")
    page = PageField(label="Page")

    def __init__(self, query: Mapping[str, str], gpus: Iterable[GpuSpec]) -> None:
        super().__init__(query)
        gpus = tuple(gpus)
        self.offer("vendor", Vendor.choices, {gpu.vendor for gpu in gpus})
        self.offer("audience", Audience.choices, {gpu.audience for gpu in gpus})
        self.offer("sort", [(key, words[0].upper() + words[1:]) for key, words in ORDERS.items()])

    def to_filter(self) -> GpuFilter:
        return GpuFilter(
            text=self.cleaned_data["search"],
            vendor=self.cleaned_data["vendor"],
            audience=self.cleaned_data["audience"],
            min_memory_gb=self.cleaned_data["memory"],
            max_retail_price_usd=self.cleaned_data["max_retail_price"],
            max_cloud_price_usd_per_hour=self.cleaned_data["max_cloud_price"],
        )

    def to_order(self) -> Order:
        return Order.parse(self.cleaned_data["sort"])


def to_query(wanted: GpuFilter, order: Order, page: int = 1) -> dict[str, str]:
    """The query string's values that stand for a list and a page of it; nothing for defaults."""
    query = {
        "search": wanted.text,
        "vendor": wanted.vendor,
        "audience": wanted.audience,
        "memory": _number(wanted.min_memory_gb),
        "max_retail_price": _number(wanted.max_retail_price_usd),
        "max_cloud_price": _number(wanted.max_cloud_price_usd_per_hour),
        "sort": "" if order == DEFAULT_ORDER else str(order),
        "page": "" if page == 1 else str(page),
    }
    return {name: value for name, value in query.items() if value}


def _number(value: Decimal | None) -> str:
    return "" if value is None else query_number(value)
