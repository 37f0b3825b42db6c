using System.Collections.Concurrent;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Resilience;
using Interlock.Core.Registry;

namespace Interlock.Tests.Gateway.Resilience;

public sealed class HealthTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly ManualClock _clock = new(World.Start);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("--", false)]
    [InlineData("---", true)]
    [InlineData("--+--", false)]
    [InlineData("---+", true)]
    [InlineData("---+-+", true)]
    [InlineData("---++", false)]
    [InlineData("---++--", false)]
    [InlineData("---++---", true)]
    public void Record_Sequence_ChangesAfterThreeFailuresAndTwoSuccesses(string checks, bool isDown)
    {
        var record = new HealthRecord(Interval, _clock);
        foreach (var check in checks) record.Record(check == '+');
        Assert.Equal(isDown, record.IsDown);
    }

    [Fact]
    public void IsDown_ChecksCeased_ItCountsAsUp()
    {
        var record = new HealthRecord(Interval, _clock);
        for (var i = 0; i < 3; i++) record.Record(false);
        _clock.Advance(Interval * 4);
        Assert.False(record.IsDown);
    }

    [Fact]
    public async Task Run_EachInItsTurn_AsksActiveServersOnly()
    {
        await using var world = await RoutesWorld.CreateAsync(addresses: [RoutesWorld.A, RoutesWorld.B]);
        await world.WriteAsync(World.Entry(RegistryKind.Server, "old", "1.0.0", new ServerBody(RoutesWorld.C, "reg-old"), Lifecycle.Disabled));
        var (health, routes) = (new StubHealth(), new UpstreamRoutes(_clock));
        var checks = new HealthChecks(world.Node.Registries, health, routes, _clock, static () => 0.5);
        await checks.RunAsync(World.Tenant, Token);
        Assert.Empty(health.Asked); // each begins at a random moment
        _clock.Advance(TimeSpan.FromSeconds(15));
        await checks.RunAsync(World.Tenant, Token);
        await checks.RunAsync(World.Tenant, Token);
        Assert.Equal([RoutesWorld.A, RoutesWorld.B], health.Asked.Order(Comparer<Uri>.Create((x, y) => string.CompareOrdinal(x.Host, y.Host))));
        _clock.Advance(TimeSpan.FromSeconds(30));
        await checks.RunAsync(World.Tenant, Token);
        Assert.Equal(4, health.Asked.Count);
    }

    [Fact]
    public async Task Run_AddressNeverAnswers_IsDownAfterThreeChecksAndHoldsUpNoOther()
    {
        await using var world = await RoutesWorld.CreateAsync();
        var (health, routes) = (new StubHealth { Silent = RoutesWorld.A }, new UpstreamRoutes(_clock));
        var checks = new HealthChecks(world.Node.Registries, health, routes, _clock, static () => 0.5);
        var server = world.Server(await world.Node.Registries.ReadAsync(World.Tenant, Token));
        await checks.RunAsync(World.Tenant, Token);
        for (var i = 0; i < 3; i++)
        {
            _clock.Advance(Interval);
            var pass = checks.RunAsync(World.Tenant, Token);
            await _clock.TimerAsync(TimeSpan.FromSeconds(5));
            while (routes.Of(World.Tenant, server)[1].CheckedAt != _clock.GetUtcNow()) await Task.Yield();
            _clock.Advance(TimeSpan.FromSeconds(5));
            await pass;
        }
        var (silent, well) = (routes.Of(World.Tenant, server)[0], routes.Of(World.Tenant, server)[1]);
        Assert.Equal((false, true), (silent.IsUp, well.IsUp));
        Assert.Equal("The upstream did not answer a health check in time", silent.LastFailure?.Title);
    }

    private sealed class StubHealth : IUpstreamHealth
    {
        public ConcurrentQueue<Uri> Asked { get; } = new();

        public Uri? Silent { get; init; }

        public async Task<Problem?> CheckAsync(UpstreamEndpoint endpoint, CancellationToken ct)
        {
            Asked.Enqueue(endpoint.Address);
            if (endpoint.Address == Silent) await Task.Delay(Timeout.Infinite, ct);
            return null;
        }
    }
}
