using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Interlock.Core.Identity;
using Interlock.Core.Telemetry;
using Interlock.Http.Hosting;
using Interlock.Json;
using Interlock.Tests.Gateway;
using Interlock.Tests.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Interlock.Tests.Telemetry;

/// <summary>One trace over real HTTP, from a client through the gateway to an upstream, and its export.</summary>
public sealed class HttpTraceTests(WebFixture web) : IClassFixture<WebFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_OverHttp_IsOneTrace_AndMetaWinsOverTheHeader(bool inMeta)
    {
        var (trace, other) = (ActivityTraceId.CreateRandom(), ActivityTraceId.CreateRandom());
        var spans = new ConcurrentQueue<Activity>();
        using var listener = TelemetryTests.Listen(trace, spans);
        var meta = inMeta ? JsonValue.Object(("traceparent", $"00-{trace}-00f067aa0ba902b7-01")) : JsonValue.EmptyObject;
        var body = JsonValue.Object(("jsonrpc", "2.0"), ("id", 1), ("method", "tools/call"), ("params", JsonValue.Object(
            ("name", "stub__echo"), ("arguments", JsonValue.Object(("text", "traced"))), ("_meta", meta))));
        var (status, _, _) = await web.ApiAsync(
            "POST", "/mcp", web.Token("ana", TokenClass.Mcp), body.ToString(), "application/json", ("Accept", "application/json, text/event-stream"), ("traceparent", $"00-{(inMeta ? other : trace)}-00f067aa0ba902b7-01"));
        Assert.Equal(HttpStatusCode.OK, status);
        var invoke = Assert.Single(spans, span => span.OperationName == "interlock.invoke");
        Assert.Equal(trace, invoke.TraceId);
        Assert.Contains((invoke.Id, invoke.Id), web.Stub.Source.Traces);
    }

    [Fact]
    public async Task Call_OfAClientWithoutATrace_IsRecorded_ThoughTheWebServersOwnSpanIsNot()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var server = new ActivityListener { ShouldListenTo = source => source.Name == "Microsoft.AspNetCore", Sample = (ref _) => ActivitySamplingResult.PropagationData };
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == MetricNames.Source,
            Sample = (ref options) => options.Parent == default || options.Parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(server);
        ActivitySource.AddActivityListener(listener);
        const string Body = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"stub__echo","arguments":{"text":"untraced"}}}""";
        var (status, _, _) = await web.ApiAsync("POST", "/mcp", web.Token("ana", TokenClass.Mcp), Body, "application/json", ("Accept", "application/json, text/event-stream"));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains(spans, span => span.OperationName == "interlock.invoke" && web.Stub.Source.Traces.Contains((span.Id, span.Id)));
    }

    [Fact]
    public async Task Spans_AreExported_WhereACollectorIsNamed_AlsoUnderARequestThatNobodyRecords()
    {
        var received = new ConcurrentQueue<(string Path, byte[] Body)>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, Token);
            received.Enqueue((context.Request.Path, body.ToArray()));
        });
        await collector.StartAsync(Token);
        Assert.Null(OtlpExport.Start("interlock-test")); // none is named yet
        Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Urls.First());
        try
        {
            using (var export = OtlpExport.Start("interlock-test"))
            {
                Assert.NotNull(export);
                await using var world = await World.CreateAsync();
                world.Upstream.Then(StubUpstream.Done());
                using var request = new Activity("request").Start();
                await world.Node.Gateway.CallAsync(world.Call(arguments: World.Arguments("""{"service":"secret-service"}""")), Token);
            }
        }
        finally
        {
            Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT", null);
            Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_PROTOCOL", null);
        }
        var text = received.ToLookup(sent => sent.Path, sent => System.Text.Encoding.Latin1.GetString(sent.Body));
        foreach (var name in (string[])["interlock.call", "interlock.invoke", "interlock-test"]) Assert.Contains(text["/v1/traces"], sent => sent.Contains(name, StringComparison.Ordinal));
        Assert.Contains(text["/v1/metrics"], sent => sent.Contains("interlock.stage.duration", StringComparison.Ordinal));
        Assert.DoesNotContain(received, sent => System.Text.Encoding.Latin1.GetString(sent.Body).Contains("secret-service", StringComparison.Ordinal));
    }
}
