"""Each price of a GPU's columns becomes an observation, as somebody saw it."""

from django.db import migrations

RETAIL = "retail_price", "retail_price_usd"
CLOUD = "cloud_price", "cloud_price_usd_per_hour"


def kind_and_provider(prefix, kind, provider, source_name):
    """What was free text: “launch price”, “RunPod”, “Vast.ai, lowest offer”."""
    if prefix == "retail_price":
        said = kind.casefold()
        if "launch" in said:
            return "buy_launch", ""
        return ("buy_new" if "list" in said or "new" in said else "buy_street"), ""
    said = provider.casefold()
    who = (provider.partition(", lowest offer")[0] or source_name)[:50]
    if "lowest offer" in said or "marketplace" in said:
        return "rent_marketplace", who
    return ("rent_spot" if "spot" in said else "rent_on_demand"), who


def observation(prefix, amount, gpu):
    """The price of one prefix as the fields of a row, or None. `gpu` is a mapping."""
    if gpu.get(amount) is None:
        return None
    kind, provider = kind_and_provider(
        prefix,
        gpu.get("retail_price_kind") or "",
        gpu.get("cloud_price_provider") or "",
        gpu[f"{prefix}_source_name"],
    )
    return {
        "kind": kind,
        "provider": provider,
        "usd": gpu[amount],
        "source_name": gpu[f"{prefix}_source_name"],
        "source_url": gpu[f"{prefix}_source_url"],
        "checked_on": gpu[f"{prefix}_checked_on"],
        "is_estimate": bool(gpu.get(f"{prefix}_is_estimate")),
    }


def move(apps, schema_editor):
    Gpu = apps.get_model("gpus", "Gpu")
    PriceObservation = apps.get_model("gpus", "PriceObservation")
    LoadedRow = apps.get_model("calculator", "LoadedRow")
    loaded = {row.key: row.values for row in LoadedRow.objects.filter(table="gpus.Gpu")}
    prices, remembered = [], []
    for gpu in Gpu.objects.values():
        for prefix, amount in (RETAIL, CLOUD):
            now = observation(prefix, amount, gpu)
            if now is not None:
                prices.append(PriceObservation(gpu_id=gpu["id"], note=_old_words(prefix, gpu), **now))
            was_loaded = observation(prefix, amount, loaded.get(gpu["slug"], {}))
            # What an editor took out, or dated back, must not come in again with the files. What
            # an editor followed by a newer price does: it is what the files' source saw.
            if was_loaded is not None and not _is_followed(was_loaded, now):
                remembered.append(_loaded_row(LoadedRow, gpu["slug"], was_loaded))
    PriceObservation.objects.bulk_create(prices)
    LoadedRow.objects.bulk_create(remembered)


def _is_followed(was_loaded, now):
    return now is not None and now["checked_on"].isoformat() > was_loaded["checked_on"]


def _loaded_row(LoadedRow, slug, price):
    key = "/".join((slug, price["kind"], price["provider"], price["checked_on"]))
    return LoadedRow(table="gpus.PriceObservation", key=key, values={"gpu": slug, **price})


def _old_words(prefix, gpu):
    """Words of an editor that none of the kinds has."""
    said = gpu[f"{prefix}_kind" if prefix == "retail_price" else "cloud_price_provider"]
    is_known = prefix != "retail_price" or said in ("", "launch price", "street price", "list price")
    return "" if is_known else f"Kind as it was: {said}"


class Migration(migrations.Migration):

    dependencies = [
        ("gpus", "0005_price_observations"),
        ("calculator", "0006_faq_topics"),
    ]

    operations = [migrations.RunPython(move, migrations.RunPython.noop, elidable=True)]
