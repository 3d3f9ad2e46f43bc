"""What Prometheus is told: the log's own numbers, read when it asks."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .event_log import Log


class Streams(Collector):
    def __init__(self, log: Log) -> None:
        self.log = log

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("streams_open", "Streams that are open.", self.log.open)
        waiting = "Seconds that the slowest client has left a piece waiting."
        yield GaugeMetricFamily("streams_oldest_send_seconds", waiting, self.log.oldest_send())
        yield counted("stream_requests", "Requests for a stream, by what became of them.", "how", self.log.requests)
        yield counted("streams_ended", "Streams that have ended, by why.", "why", self.log.ended)


def counted(name: str, text: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def registry_of(log: Log) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(Streams(log))
    ProcessCollector(registry=registry)  # memory, files and their limit, CPU, where there is /proc
    return registry
