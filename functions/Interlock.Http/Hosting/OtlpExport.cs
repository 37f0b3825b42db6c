using Interlock.Core.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Interlock.Http.Hosting;

/// <summary>
/// Traces and metrics to an OpenTelemetry collector, where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names one; the exporter reads that and the other
/// <c>OTEL_EXPORTER_OTLP_*</c> variables itself. Disposing sends what is left.
/// </summary>
public sealed class OtlpExport : IDisposable
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private readonly TracerProvider _traces;
    private readonly MeterProvider _metrics;

    private OtlpExport(string service)
    {
        _traces = Sdk.CreateTracerProviderBuilder().AddSource(MetricNames.Source).ConfigureResource(resource => resource.AddService(service)).AddOtlpExporter().Build();
        _metrics = Sdk.CreateMeterProviderBuilder().AddMeter(MetricNames.Source).ConfigureResource(resource => resource.AddService(service)).AddOtlpExporter().Build();
    }

    /// <summary>Null where no collector is named.</summary>
    public static OtlpExport? Start(string service) => string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(Endpoint)) ? null : new OtlpExport(service);

    public void Dispose()
    {
        _traces.Dispose();
        _metrics.Dispose();
    }
}
