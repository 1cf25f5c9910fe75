"""What drives automatic scaling: the metrics of a service (R-1.3).

1. `podmetric` is all lower case, as KServe has it.
2. `operationOverTime` is any text here; the planner judges it, as it judges bounds and targets (D-31).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aimcore.api.shape import Int32, Shape


class PodMetricSource(Shape):
    """The metric, and where it is read."""

    backend: Literal["opentelemetry"] = Field("opentelemetry", description="Backend that serves the metric.")
    server_address: str | None = Field(
        None,
        description="Address of the metrics server. When absent, the address in KServe's configuration, shipped as "
        "`keda-otel-scaler.keda.svc:4318`; note that 4317 is the port that collectors send to.",
    )
    metric_names: tuple[str, ...] | None = Field(
        None, description="Metrics to collect from the pods, such as `vllm:num_requests_running`."
    )
    query: str | None = Field(
        None, description="Query that yields the value to scale on; the metric name when there is exactly one."
    )
    operation_over_time: str | None = Field(
        None,
        description="How values over time become one: `last_one`, `avg`, `max`, `min`, `rate` or `count`; `last_one` "
        "when absent.",
    )


class MetricTarget(Shape):
    """The value at which the number of replicas is right."""

    type: Literal["Value", "AverageValue", "Utilization"] = Field(
        description="How the target is meant; `Utilization` does not suit metrics of pods."
    )
    value: str | None = Field(None, description="Target for `Value`, such as `1`.")
    average_value: str | None = Field(None, description="Target for `AverageValue`, for each pod.")
    average_utilization: Int32 | None = Field(None, description="Target for `Utilization`, in percent of the request.")


class PodMetric(Shape):
    """A metric of the pods and its target."""

    metric: PodMetricSource = Field(description="Metric to scale on.")
    target: MetricTarget = Field(description="Value of the metric to aim for.")


class ScalingMetric(Shape):
    """One metric that drives scaling."""

    type: Literal["PodMetric"] = Field(description="Kind of the metric; only metrics of pods are supported.")
    podmetric: PodMetric | None = Field(None, description="Metric of the pods.")


class AutoScaling(Shape):
    """What drives automatic scaling."""

    metrics: tuple[ScalingMetric, ...] | None = Field(
        None, description="Metrics that drive scaling; CPU utilisation of 80 percent when there are none."
    )
