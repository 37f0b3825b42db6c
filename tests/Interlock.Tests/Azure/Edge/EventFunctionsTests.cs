using System.Collections.Concurrent;
using Interlock.Functions.Edge;
using Interlock.Functions.Hosting;
using Interlock.Samples.DemoServers;
using Interlock.Tests.Azure.Parity;
using Interlock.Tests.Azure.Storage;
using Microsoft.Extensions.Logging;

namespace Interlock.Tests.Azure.Edge;

/// <summary>What Event Grid delivers: never thrown back what can never be taken, and always what could be taken later.</summary>
public sealed class EventFunctionsTests : IAsyncLifetime
{
    private const string Event = """{"specversion":"1.0","id":"1","source":"/s","type":"com.zendesk.ticket.escalated","data":{"id":"1","subject":"s","body":"b","requester":"r"}}""";

    private readonly ParityPlace _place = new();
    private readonly MemoryTableService _tables = new();
    private readonly Lines _log = new();
    private FunctionsHost? _host;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _host = await StartAsync(_place, _tables);

    public async ValueTask DisposeAsync()
    {
        await _host!.DisposeAsync(); // set before any test
        _place.Dispose();
    }

    [Fact]
    public async Task Receive_AnEvent_StartsOneRunHoweverOften()
    {
        await ReceiveAsync(Event);
        await ReceiveAsync(Event);

        Assert.Equal(["Information An event started 1 runs of 1 that it matched", "Information An event started 0 runs of 1 that it matched"], _log.Written);
        Assert.Single(await RunsAsync());
    }

    [Theory]
    [InlineData("""{"specversion":"1.0","id":"1","id":"2","source":"/s","type":"com.zendesk.ticket.escalated"}""", "id")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":1,"a":2}}""", "a")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s"}""", "'type'")]
    [InlineData("""{"id":"1","eventType":"t","subject":"s","data":{},"dataVersion":"1","eventTime":"2026-01-01T00:00:00Z"}""", "'specversion'")]
    [InlineData("""[{"specversion":"1.0","id":"1","source":"/s","type":"t"}]""", "object")]
    [InlineData("""{"specversion":"1.0","id":1e400,"source":"/s","type":"t"}""", "")]
    [InlineData("no JSON", "")]
    [InlineData("", "")]
    public async Task Receive_WhatIsNoEvent_IsLoggedAndDropped(string text, string names)
    {
        await ReceiveAsync(text);

        var line = Assert.Single(_log.Written);
        Assert.StartsWith("Error An event was delivered and dropped: ", line, StringComparison.Ordinal);
        Assert.Contains(names, line, StringComparison.Ordinal);
        Assert.Empty(await RunsAsync());
    }

    [Fact]
    public async Task Receive_ATypeThatNobodyListensTo_IsTaken()
    {
        await ReceiveAsync(Event.Replace("ticket.escalated", "ticket.closed", StringComparison.Ordinal));

        Assert.Equal(["Information An event started 0 runs of 0 that it matched"], _log.Written);
        Assert.Empty(await RunsAsync());
    }

    [Fact]
    public async Task Receive_TheSameIdWithOtherData_IsLoggedAndRecorded()
    {
        await ReceiveAsync(Event);
        await ReceiveAsync(Event.Replace("\"subject\":\"s\"", "\"subject\":\"other\"", StringComparison.Ordinal));

        Assert.Equal("Warning An event was refused: event-conflict", _log.Written.Last());
        Assert.Single(await RunsAsync());
        var export = new MemoryStream();
        await Host.Services.Web.Audit.ExportAsync(ParityPlace.Tenant, export, Token);
        Assert.Contains("event-conflict", System.Text.Encoding.UTF8.GetString(export.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Receive_WhileTheStoreFails_ThrowsAndIsTakenWhenItComesAgain()
    {
        _tables.Faults.Before = _ => throw new global::Azure.RequestFailedException(503, "The store is away.");
        await Assert.ThrowsAnyAsync<Exception>(() => ReceiveAsync(Event));
        Assert.Empty(_log.Written);

        _tables.Faults.Before = null;
        await ReceiveAsync(Event);
        Assert.Single(await RunsAsync());
    }

    [Fact]
    public async Task Receive_StoreFailsAtAnyOperation_ThrowsOrIsTakenAndTheRepeatMakesItOneRun()
    {
        var thrown = 0;
        for (var at = 1; ; at++)
        {
            var text = Event.Replace("\"id\":\"1\",\"source\"", $"\"id\":\"fault-{at}\",\"source\"", StringComparison.Ordinal);
            var sent = 0;
            var isDelivery = new AsyncLocal<bool> { Value = true }; // what earlier runs do beside it goes well
            _tables.Faults.Before = _ => isDelivery.Value && Interlocked.Increment(ref sent) == at ? throw new InvalidOperationException("The store is broken.") : Task.CompletedTask;
            try
            {
                await ReceiveAsync(text);
            }
            catch (InvalidOperationException)
            {
                thrown++;
            }
            _tables.Faults.Before = null;
            await ReceiveAsync(text);
            Assert.Equal(at, (await RunsAsync()).Count);
            if (sent < at) break;
        }
        Assert.True(thrown > 3, $"Only {thrown} operations could fail.");
    }

    [Fact]
    public async Task Receive_WithoutAPublisher_IsLoggedAndDropped()
    {
        using var place = new ParityPlace();
        await using var host = await StartAsync(place, new MemoryTableService(), (SettingNames.EventPublisher, ""));

        await new EventFunctions(host.Services.Intake, host.Services.EventSource, host.Services.Scheduler, _log).ReceiveAsync(Event, host.Simulator.Client, Token);

        Assert.Equal(["Error An event was delivered and dropped: no publisher is configured (Interlock__Events__Publisher)"], _log.Written);
        Assert.Empty(await RunsAsync(host));
    }

    private FunctionsHost Host => _host!; // set before any test

    private static async Task<FunctionsHost> StartAsync(ParityPlace place, MemoryTableService tables, params (string Name, string? Value)[] settings)
    {
        var host = await FunctionsHost.StartAsync(place, new DemoServersOptions(), tables, settings);
        using var scenario = new Scenario(host);
        await scenario.RegisterAsync();
        return host;
    }

    private Task ReceiveAsync(string text) =>
        new EventFunctions(Host.Services.Intake, Host.Services.EventSource, Host.Services.Scheduler, _log).ReceiveAsync(text, Host.Simulator.Client, Token);

    private Task<IReadOnlyList<Core.Runs.RunSummary>> RunsAsync() => RunsAsync(Host);

    private static Task<IReadOnlyList<Core.Runs.RunSummary>> RunsAsync(FunctionsHost host) =>
        host.Services.Web.Runs.QueryAsync(new Core.Runs.RunQuery(ParityPlace.Tenant, null, 500), Token);

    private sealed class Lines : ILogger<EventFunctions>
    {
        public ConcurrentQueue<string> Written { get; } = new();

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Enqueue($"{logLevel} {formatter(state, exception)}");
    }
}
