"""Reads metrics from standard input with the Prometheus project's parser, and
prints the type of each family and the value of each series as JSON."""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

types, series = {}, {}
for family in text_string_to_metric_families(sys.stdin.read()):
    assert family.documentation, family.name
    assert family.name not in types, family.name
    types[family.name] = family.type
    for sample in family.samples:
        labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
        name = f"{sample.name}{{{labels}}}" if labels else sample.name
        assert name not in series, name
        series[name] = sample.value
print(json.dumps({"types": types, "series": series}))
