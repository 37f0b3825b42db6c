using DurableTask.Core.Exceptions;
using Grpc.Core;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Interlock.Tests.Azure.Durable;

public sealed class SimulatedClientTests
{
    private static readonly CancellationToken None = TestContext.Current.CancellationToken;
    private readonly DurableSimulator simulator = new();

    public SimulatedClientTests() => simulator.AddOrchestrator("wait", async context =>
    {
        context.SetCustomStatus(new { stage = "waiting" });
        return context.GetInput<string>() + await context.WaitForExternalEvent<string>("signal");
    });

    private DurableTaskClient Client => simulator.Client;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Schedule_InstanceNotOver_IsRefused(bool started)
    {
        await Start("a");
        if (started)
        {
            await simulator.SettleAsync();
        }

        await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(() => Start("b"));
    }

    [Fact]
    public async Task Schedule_InstanceOver_ReplacesIt()
    {
        await Start("a");
        await Finish("1");
        var former = simulator.Find("one")!.ExecutionId;
        await Start("b");
        await Finish("2");
        Assert.Equal("b2", (await Row()).ReadOutputAs<string>());
        Assert.NotEqual(former, simulator.Find("one")!.ExecutionId);
    }

    [Fact]
    public async Task Schedule_StatusNamed_IsRefused()
    {
        await Start("a");
        await Finish("1");
        var options = new StartOrchestrationOptions("one").WithDedupeStatuses(OrchestrationRuntimeStatus.Completed);
        await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(() => Client.ScheduleNewOrchestrationInstanceAsync("wait", "b", options, None));
    }

    [Fact]
    public async Task Schedule_RunningNotNamed_EndsTheRunningOne()
    {
        await Start("a");
        await simulator.SettleAsync();
        var options = new StartOrchestrationOptions("one").WithDedupeStatuses(OrchestrationRuntimeStatus.Completed);
        await Client.ScheduleNewOrchestrationInstanceAsync("wait", "b", options, None);
        await Finish("2");
        Assert.Equal("b2", (await Row()).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Schedule_TerminatedNamedAndRunningNot_IsRefused()
    {
        var options = new StartOrchestrationOptions("one").WithDedupeStatuses(OrchestrationRuntimeStatus.Terminated);
        await Assert.ThrowsAsync<ArgumentException>(() => Client.ScheduleNewOrchestrationInstanceAsync("wait", "b", options, None));
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("a#b")]
    [InlineData("@a")]
    [InlineData("a\nb")]
    public Task Schedule_BadId_IsRefused(string id) => Assert.ThrowsAsync<ArgumentException>(
        () => Client.ScheduleNewOrchestrationInstanceAsync("wait", null, new StartOrchestrationOptions(id), None));

    [Fact]
    public async Task Schedule_Delayed_StartsByTheClockAndLosesEarlierEvents()
    {
        await Client.ScheduleNewOrchestrationInstanceAsync("wait", "a", new("one", simulator.Time.Now.AddHours(1)), None);
        await Client.RaiseEventAsync("one", "signal", "early", None);
        await simulator.SettleAsync();
        Assert.Equal((OrchestrationRuntimeStatus.Pending, 1), ((await Row()).RuntimeStatus, simulator.Dropped));
        simulator.Advance(TimeSpan.FromHours(1));
        await Finish("late");
        Assert.Equal("alate", (await Row()).ReadOutputAs<string>());
    }

    [Fact]
    public Task Schedule_InputOverFourMegabytes_IsRefused() => Assert.ThrowsAsync<InvalidOperationException>(() => Start(new('x', Payloads.MaximumBytes)));

    [Fact]
    public async Task Raise_PayloadOverFourMegabytes_IsRefused()
    {
        await Start("a");
        await Assert.ThrowsAsync<InvalidOperationException>(() => Client.RaiseEventAsync("one", "signal", new string('x', Payloads.MaximumBytes), None));
    }

    [Fact]
    public async Task Get_WithoutData_HasNeitherStatusNorOutput()
    {
        await Start("a");
        await simulator.SettleAsync();
        var bare = await Client.GetInstanceAsync("one", None);
        Assert.Equal((OrchestrationRuntimeStatus.Running, null), (bare!.RuntimeStatus, bare.SerializedCustomStatus));
        Assert.Throws<InvalidOperationException>(() => bare.ReadCustomStatusAs<object>());
        Assert.Equal("""{"stage":"waiting"}""", (await Row()).SerializedCustomStatus);
        Assert.Null(await Client.GetInstanceAsync("missing", None));
    }

    [Fact]
    public async Task Terminate_Running_EndsItAtItsNextTurn()
    {
        await Start("a");
        await simulator.SettleAsync();
        await Client.TerminateInstanceAsync("one", "stop", None);
        Assert.Equal(OrchestrationRuntimeStatus.Running, (await Row()).RuntimeStatus);
        await simulator.SettleAsync();
        Assert.Equal((OrchestrationRuntimeStatus.Terminated, "stop"), ((await Row()).RuntimeStatus, (await Row()).ReadOutputAs<string>()));
    }

    [Fact]
    public async Task Terminate_NotStartedYet_NeverRuns()
    {
        await Client.ScheduleNewOrchestrationInstanceAsync("wait", "a", new("one", simulator.Time.Now.AddHours(1)), None);
        await Client.TerminateInstanceAsync("one", None);
        await simulator.SettleAsync();
        simulator.Advance(TimeSpan.FromHours(2));
        await simulator.SettleAsync();
        Assert.Equal((OrchestrationRuntimeStatus.Terminated, 0), ((await Row()).RuntimeStatus, simulator.Episodes));
    }

    [Fact]
    public async Task Terminate_MissingOrOver_Throws()
    {
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(() => Client.TerminateInstanceAsync("one", None))).StatusCode);
        await Start("a");
        await Finish("1");
        Assert.Equal(StatusCode.FailedPrecondition, (await Assert.ThrowsAsync<RpcException>(() => Client.TerminateInstanceAsync("one", None))).StatusCode);
    }

    [Fact]
    public async Task Purge_Any_ForgetsItAndItsMessages()
    {
        await Start("a");
        await simulator.SettleAsync();
        Assert.Equal(1, (await Client.PurgeInstanceAsync("one", None)).PurgedInstanceCount);
        Assert.Equal(0, (await Client.PurgeInstanceAsync("one", None)).PurgedInstanceCount);
        Assert.Null(await Client.GetInstanceAsync("one", None));
        await Client.RaiseEventAsync("one", "signal", "x", None);
        Assert.Equal(1, simulator.Dropped);
    }

    [Fact]
    public async Task GetAll_Filtered_ComesInPages()
    {
        foreach (var id in new[] { "a1", "a2", "a3", "b1" })
        {
            await Client.ScheduleNewOrchestrationInstanceAsync("wait", null, new StartOrchestrationOptions(id), None);
        }

        await simulator.SettleAsync();
        var pages = Client.GetAllInstancesAsync(new(InstanceIdPrefix: "a", Statuses: [OrchestrationRuntimeStatus.Running], PageSize: 2)).AsPages();
        List<int> sizes = [];
        await foreach (var page in pages)
        {
            sizes.Add(page.Values.Count);
        }

        Assert.Equal([2, 1], sizes);
    }

    private Task<string> Start(string input) => Client.ScheduleNewOrchestrationInstanceAsync("wait", input, new StartOrchestrationOptions("one"), None);

    private async Task Finish(string signal)
    {
        await simulator.SettleAsync();
        await Client.RaiseEventAsync("one", "signal", signal, None);
        await simulator.SettleAsync();
    }

    private async Task<OrchestrationMetadata> Row() => (await Client.GetInstanceAsync("one", true, None))!;
}
