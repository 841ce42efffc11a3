"""What is counted of requests, as Prometheus reads it."""

from prometheus_client.parser import text_string_to_metric_families

from server.metrics import Metrics


def page_of(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by its name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.page().decode())
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_status():
    metrics = Metrics("x")
    for status in (200, 200, 503):
        metrics.count("GET /feed", status, 0.001)
    metrics.count(None, 404, 0.001)
    page = page_of(metrics)

    def counted(route: str, status: str) -> float:
        return page["triptych_requests_total", (("route", route), ("status", status))]

    assert counted("GET /feed", "200") == 2
    assert counted("GET /feed", "503") == 1
    assert counted("none", "404") == 1


def test_times_are_sorted_into_buckets_that_hold_what_is_below_them():
    metrics = Metrics("x")
    for seconds in (0.0005, 0.001, 0.3, 100.0):
        metrics.count("GET /feed", 200, seconds)
    page = page_of(metrics)

    def at_most(end: str) -> float:
        return page["triptych_request_seconds_bucket", (("le", end), ("route", "GET /feed"))]

    assert [at_most(end) for end in ("0.001", "0.25", "0.5", "10.0", "+Inf")] == [2, 2, 3, 3, 4]
    assert page["triptych_request_seconds_count", (("route", "GET /feed"),)] == 4
    assert page["triptych_request_seconds_sum", (("route", "GET /feed"),)] == 100.3015


def test_what_status_shows_is_there_with_names_that_prometheus_takes():
    metrics = Metrics("x")
    metrics.show(lambda: {"edge": {"put off": 3}, "rounds": {"seq": 7}})
    page = page_of(metrics)
    assert page["triptych_edge_put_off", ()] == 3
    assert page["triptych_rounds_seq", ()] == 7


def test_the_process_is_described_too():
    page = page_of(Metrics("x"))
    assert page["process_resident_memory_bytes", ()] > 1_000_000
    assert page["process_open_fds", ()] > 0


def test_one_token_opens_and_no_other_does():
    metrics = Metrics("a" * 64)
    assert metrics.opens_to("a" * 64)
    assert not metrics.opens_to("a" * 63)
    assert not metrics.opens_to("")
    assert not metrics.opens_to("é")
