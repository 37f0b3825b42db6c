using System.Globalization;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Interlock.Tests.Azure.Durable;

/// <summary>The simulator itself: what the tests of the app's orchestrator rely on.</summary>
public sealed class DurableSimulatorTests
{
    private static readonly CancellationToken None = TestContext.Current.CancellationToken;
    private readonly DurableSimulator simulator = new();

    public DurableSimulatorTests() => simulator.AddActivity(
        "add", (string terms) => Task.FromResult(terms.Split('+').Sum(term => int.Parse(term, CultureInfo.InvariantCulture))));

    [Fact]
    public async Task Orchestrator_EveryEpisode_RunsFromItsStart()
    {
        var starts = 0;
        var live = new List<int>();
        await Start(async context =>
        {
            starts++;
            var sum = 0;
            for (var i = 0; i < 3; i++)
            {
                sum = await context.CallActivityAsync<int>("add", $"{sum}+{i}");
                if (!context.IsReplaying)
                {
                    live.Add(sum);
                }
            }

            return sum;
        });

        await simulator.SettleAsync();

        Assert.Equal((4, 4), (starts, simulator.Episodes));
        Assert.Equal([0, 1, 3], live);
        Assert.Equal((OrchestrationRuntimeStatus.Completed, 3), await Result<int>());
    }

    [Fact]
    public async Task Orchestrator_OtherActionOnReplay_ThrowsNamingBoth()
    {
        var calls = 0;
        await Start(context => context.CallActivityAsync<int>("add", $"{++calls}"));
        var failure = await Assert.ThrowsAsync<NonDeterministicException>(simulator.SettleAsync);
        Assert.Contains("Input = \"1\"", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Input = \"2\"", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("timer")]
    [InlineData("name")]
    public async Task Orchestrator_OtherKindOrNameOnReplay_Throws(string other)
    {
        var replay = false;
        await Start(async context =>
        {
            await (replay && other == "timer" ? context.CreateTimer(TimeSpan.FromHours(1), default) : context.CallActivityAsync<int>(replay ? other : "add", "1"));
            return 0;
        });
        simulator.RunOrchestrators();
        replay = true;
        await Assert.ThrowsAsync<NonDeterministicException>(simulator.SettleAsync);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Orchestrator_ActionMissingOrInventedOnReplay_Throws(bool missing)
    {
        var replay = false;
        await Start(async context =>
        {
            if (missing != replay)
            {
                context.SendEvent("other", "hello", 1);
            }

            return await context.CallActivityAsync<int>("add", "1");
        });
        simulator.RunOrchestrators();
        replay = true;
        await Assert.ThrowsAsync<NonDeterministicException>(simulator.SettleAsync);
    }

    [Fact]
    public async Task Orchestrator_AwaitsSomethingNotDurable_Throws()
    {
        var never = new TaskCompletionSource<int>();
        await Start(_ => never.Task);
        await Assert.ThrowsAsync<InvalidOperationException>(simulator.SettleAsync);
    }

    [Fact]
    public async Task Orchestrator_ContextUsedAfterTheEpisode_Throws()
    {
        TaskOrchestrationContext? kept = null;
        await Start(context =>
        {
            kept = context;
            return context.WaitForExternalEvent<int>("signal");
        });
        simulator.RunOrchestrators();
        Assert.Throws<InvalidOperationException>(() => kept!.SetCustomStatus(1));
    }

    [Fact]
    public async Task Values_Crossing_AreWhatJsonKeepsOfThem()
    {
        simulator.AddActivity("echo", (Shape shape) => Task.FromResult(shape));
        var seen = new List<Shape>();
        await Start(async context =>
        {
            seen.Add(await context.CallActivityAsync<Shape>("echo", new Shape(1) { Forgotten = 2 }));
            return 0;
        });
        await simulator.SettleAsync();
        Assert.Equal(new Shape(1), Assert.Single(seen));
    }

    [Fact]
    public async Task Values_NotSerializable_FailTheCall()
    {
        await Start(context => context.CallActivityAsync<int>("add", new { Callback = (Action)(() => { }) }));
        await simulator.SettleAsync();
        Assert.Equal(OrchestrationRuntimeStatus.Failed, (await Row()).RuntimeStatus);
    }

    [Fact]
    public async Task Values_OverFourMegabytes_FailTheCall()
    {
        await Start(context => context.CallActivityAsync<int>("add", new string('x', Payloads.MaximumBytes)));
        await simulator.SettleAsync();
        Assert.Contains("over the limit", (await Row()).FailureDetails!.ErrorMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8000, OrchestrationRuntimeStatus.Completed)]
    [InlineData(8192, OrchestrationRuntimeStatus.Failed)]
    public async Task CustomStatus_OverItsLimit_Throws(int length, OrchestrationRuntimeStatus status)
    {
        await Start(context =>
        {
            context.SetCustomStatus(new string('x', length));
            return Task.FromResult(0);
        });
        await simulator.SettleAsync();
        Assert.Equal(status, (await Row()).RuntimeStatus);
    }

    [Fact]
    public async Task Activity_Throws_FailsTheCallWithDetails()
    {
        simulator.AddActivity("fail", (int _) => Task.FromException<int>(new TimeoutException("too slow")));
        await Start(async context =>
        {
            try
            {
                return await context.CallActivityAsync<string>("fail", 1);
            }
            catch (TaskFailedException failure)
            {
                return $"{failure.TaskName} {failure.TaskId} {failure.FailureDetails.ErrorType} {failure.FailureDetails.ErrorMessage}";
            }
        });
        await simulator.SettleAsync();
        Assert.Equal("fail 0 System.TimeoutException too slow", (await Result<string>()).Value);
    }

    [Fact]
    public async Task Activity_FailsAndIsNotCaught_FailsTheInstance()
    {
        await Start(context => context.CallActivityAsync<int>("unknown"));
        await simulator.SettleAsync();
        var row = await Row();
        Assert.Equal((OrchestrationRuntimeStatus.Failed, "System.InvalidOperationException"), (row.RuntimeStatus, row.FailureDetails!.ErrorType));
    }

    [Fact]
    public async Task Activity_RetryPolicy_TriesAgainAfterTheInterval()
    {
        var tries = 0;
        simulator.AddActivity("flaky", (int _) => ++tries < 3 ? Task.FromException<int>(new TimeoutException()) : Task.FromResult(tries));
        await Start(context => context.CallActivityAsync<int>("flaky", 0, TaskOptions.FromRetryPolicy(new(5, TimeSpan.FromMinutes(1), 2))));
        await simulator.SettleAsync();
        Assert.Equal(1, tries);
        simulator.Advance(TimeSpan.FromMinutes(1));
        await simulator.SettleAsync();
        Assert.Equal((2, simulator.Time.Now.AddMinutes(2)), (tries, simulator.NextDue));
        simulator.Advance(TimeSpan.FromMinutes(2));
        await simulator.SettleAsync();
        Assert.Equal((OrchestrationRuntimeStatus.Completed, 3), await Result<int>());
    }

    [Fact]
    public async Task Activity_DeliveredTwiceAtOnce_RunsTwiceAndCountsOnce()
    {
        var (inside, most, runs) = (0, 0, 0);
        var both = new TaskCompletionSource();
        simulator.AddActivity("effect", async (int _) =>
        {
            most = Math.Max(most, ++inside);
            if (inside == 2)
            {
                both.SetResult();
            }

            await both.Task.WaitAsync(None);
            inside--;
            return ++runs;
        });
        await Start(async context => await context.CallActivityAsync<int>("effect", 0) + await context.CallActivityAsync<int>("add", "100"));
        simulator.RunOrchestrators();
        await Assert.Single(simulator.Activities).RunTwiceAsync();
        await simulator.SettleAsync();
        Assert.Equal((2, 2), (most, runs));
        Assert.Equal((OrchestrationRuntimeStatus.Completed, 101), await Result<int>());
    }

    [Fact]
    public async Task Activity_WorkerDies_IsDeliveredAgain()
    {
        var runs = 0;
        simulator.AddActivity("effect", (int _) => Task.FromResult(++runs));
        await Start(context => context.CallActivityAsync<int>("effect", 0));
        simulator.RunOrchestrators();
        var activity = Assert.Single(simulator.Activities);
        await activity.CrashAsync();
        Assert.Same(activity, Assert.Single(simulator.Activities));
        await simulator.SettleAsync();
        Assert.Equal((2, (OrchestrationRuntimeStatus.Completed, 2)), (activity.Attempts, await Result<int>()));
    }

    [Fact]
    public async Task Activity_FinishedAfterTerminate_RunsAndIsForgotten()
    {
        var runs = 0;
        simulator.AddActivity("effect", (int _) => Task.FromResult(++runs));
        await Start(context => context.CallActivityAsync<int>("effect", 0));
        simulator.RunOrchestrators();
        var answer = await simulator.Activities[0].BeginAsync();
        await simulator.Client.TerminateInstanceAsync("one", "enough", None);
        await simulator.SettleAsync();
        answer();
        await simulator.SettleAsync();
        Assert.Equal((1, 1), (runs, simulator.Dropped));
        Assert.Equal((OrchestrationRuntimeStatus.Terminated, "enough"), await Result<string>());
    }

    [Fact]
    public async Task Activity_AnsweredByTheTest_IsNotRun()
    {
        await Start(async context =>
        {
            var tasks = new[] { context.CallActivityAsync<int>("unknown"), context.CallActivityAsync<int>("unknown") };
            await Task.WhenAny(tasks[1]);
            return tasks[1].IsFaulted ? await tasks[0] : -1;
        });
        simulator.RunOrchestrators();
        simulator.Activities[1].Fail(new TimeoutException());
        simulator.Activities[0].Complete(5);
        await simulator.SettleAsync();
        Assert.Equal((OrchestrationRuntimeStatus.Completed, 5), await Result<int>());
    }

    [Fact]
    public async Task Activities_ByName_GetTheirInputAsJson()
    {
        simulator.AddActivities(["left", "right"], (name, input) => Task.FromResult<object?>($"{name} {input}"));
        await Start(async context => await context.CallActivityAsync<string>("left", new { n = 1 }) + await context.CallActivityAsync<string>("right"));
        await simulator.SettleAsync();
        Assert.Equal("""left {"n":1}right """, (await Result<string>()).Value);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public async Task Turn_WorkerDies_IsTakenAgainWithTheSameMessages(bool sent, int queued)
    {
        await Start(context => context.CallActivityAsync<int>("add", "1+2"));
        simulator.TakeTurn("one", crash: sent ? Crash.BeforeRecording : Crash.BeforeSending);
        Assert.Equal((OrchestrationRuntimeStatus.Pending, queued - 1), ((await Row()).RuntimeStatus, simulator.Activities.Count));
        simulator.RunOrchestrators();
        Assert.Equal(queued, simulator.Activities.Count);
        await simulator.SettleAsync();
        Assert.Equal((OrchestrationRuntimeStatus.Completed, 3), await Result<int>());
    }

    [Fact]
    public async Task Turn_AnswerBeforeTheHistoryIsWritten_Waits()
    {
        await Start(context => context.CallActivityAsync<int>("add", "1+2"));
        simulator.TakeTurn("one", crash: Crash.BeforeRecording);
        await Assert.Single(simulator.Activities).RunAsync();
        simulator.TakeTurn("one");
        Assert.Equal(OrchestrationRuntimeStatus.Running, (await Row()).RuntimeStatus);
        simulator.TakeTurn("one");
        Assert.Equal((OrchestrationRuntimeStatus.Completed, 3), await Result<int>());
    }

    [Fact]
    public async Task Timer_Due_FiresByTheClockAndSetsTheTime()
    {
        var start = simulator.Time.Now;
        await Start(async context =>
        {
            await context.CreateTimer(TimeSpan.FromDays(7), default);
            return context.CurrentUtcDateTime;
        });
        await simulator.SettleAsync();
        Assert.Equal((1, start.AddDays(3)), (simulator.ArmedTimers, simulator.NextDue));
        for (var days = 7; days > 0; days -= 3)
        {
            Assert.Equal(OrchestrationRuntimeStatus.Running, (await Row()).RuntimeStatus);
            simulator.Advance(TimeSpan.FromDays(Math.Min(days, 3)));
            await simulator.SettleAsync();
        }

        Assert.Equal((0, (OrchestrationRuntimeStatus.Completed, start.AddDays(7).UtcDateTime)), (simulator.ArmedTimers, await Result<DateTime>()));
    }

    [Fact]
    public async Task Timer_AlreadyDue_FiresAtOnce()
    {
        await Start(async context =>
        {
            await context.CreateTimer(context.CurrentUtcDateTime.AddDays(-1), default);
            return 1;
        });
        await simulator.SettleAsync();
        Assert.Equal((OrchestrationRuntimeStatus.Completed, 1), await Result<int>());
    }

    [Fact]
    public async Task Timer_Cancelled_NeverFires()
    {
        await Start(async context =>
        {
            using var cancel = new CancellationTokenSource();
            var timer = context.CreateTimer(TimeSpan.FromHours(1), cancel.Token);
            await context.WaitForExternalEvent<int>("signal");
            cancel.Cancel();
            await context.WaitForExternalEvent<int>("signal");
            return timer.Status.ToString();
        });
        await simulator.SettleAsync();
        Assert.Equal(1, simulator.ArmedTimers);
        await Raise(1);
        Assert.Equal(0, simulator.ArmedTimers);
        simulator.Advance(TimeSpan.FromHours(2));
        await Raise(2);
        Assert.Equal((OrchestrationRuntimeStatus.Completed, "Canceled"), await Result<string>());
    }

    [Fact]
    public async Task Timer_LeftArmed_KeepsTheInstanceRunning()
    {
        await Start(context =>
        {
            _ = context.CreateTimer(TimeSpan.FromHours(1), default);
            return Task.FromResult(1);
        });
        await simulator.SettleAsync();
        Assert.Equal((OrchestrationRuntimeStatus.Running, 1), ((await Row()).RuntimeStatus, simulator.ArmedTimers));
        simulator.Advance(TimeSpan.FromHours(1));
        await simulator.SettleAsync();
        Assert.Equal((OrchestrationRuntimeStatus.Completed, 0), ((await Row()).RuntimeStatus, simulator.ArmedTimers));
    }

    [Fact]
    public async Task Event_NobodyWaits_IsKeptInOrder()
    {
        await Start(async context =>
        {
            await context.CreateTimer(TimeSpan.FromHours(1), default);
            return await context.WaitForExternalEvent<int>("SIGNAL") * 10 + await context.WaitForExternalEvent<int>("signal");
        });
        await Raise(1);
        await Raise(2);
        simulator.Advance(TimeSpan.FromHours(1));
        await simulator.SettleAsync();
        Assert.Equal((OrchestrationRuntimeStatus.Completed, 12), await Result<int>());
    }

    [Fact]
    public async Task Event_TwoWait_TheNewestGetsIt()
    {
        await Start(async context =>
        {
            var older = context.WaitForExternalEvent<int>("signal");
            var newer = context.WaitForExternalEvent<int>("signal");
            await Task.WhenAny(older, newer);
            return newer.IsCompleted && !older.IsCompleted;
        });
        await Raise(1);
        Assert.True((await Result<bool>()).Value);
    }

    [Fact]
    public async Task Event_ToAWaiterThatNobodyLooksAt_IsLost()
    {
        await Start(async context =>
        {
            using var cancel = new CancellationTokenSource();
            var waiter = context.WaitForExternalEvent<int>("signal", cancel.Token);
            await context.CreateTimer(TimeSpan.FromHours(1), default);
            cancel.Cancel();
            await context.WaitForExternalEvent<int>("go");
            return await context.WaitForExternalEvent<int>("signal");
        });
        simulator.RunOrchestrators();
        simulator.Advance(TimeSpan.FromHours(1));
        await Raise(1);
        await simulator.Client.RaiseEventAsync("one", "go", 0, None);
        await simulator.SettleAsync();
        Assert.Equal(OrchestrationRuntimeStatus.Running, (await Row()).RuntimeStatus);
        await Raise(2);
        Assert.Equal((OrchestrationRuntimeStatus.Completed, 2), await Result<int>());
    }

    [Fact]
    public async Task Event_ToNobodyOrToAFinishedInstance_IsDropped()
    {
        await Start(_ => Task.FromResult(1));
        await simulator.SettleAsync();
        await Raise(1);
        await simulator.Client.RaiseEventAsync("missing", "signal", 1, None);
        Assert.Equal(2, simulator.Dropped);
        Assert.Empty(simulator.Runnable);
    }

    [Theory]
    [InlineData(true, "1,2,3")]
    [InlineData(false, "3")]
    public async Task ContinueAsNew_KeptEvents_GoOnOnlyWhenAsked(bool preserve, string seen)
    {
        await Start(async context =>
        {
            if (context.GetInput<string>() is null)
            {
                await context.WaitForExternalEvent<int>("go");
                context.ContinueAsNew("next", preserve);
                return string.Empty;
            }

            List<int> got = [];
            do
            {
                got.Add(await context.WaitForExternalEvent<int>("signal"));
            }
            while (got[^1] != 3);
            return string.Join(',', got);
        });
        var first = simulator.Find("one")!.ExecutionId;
        await Raise(1);
        await Raise(2);
        await simulator.Client.RaiseEventAsync("one", "go", 0, None);
        await simulator.SettleAsync();
        await Raise(3);
        Assert.Equal((OrchestrationRuntimeStatus.Completed, seen), await Result<string>());
        Assert.Equal(2, simulator.Find("one")!.Generations);
        Assert.NotEqual(first, simulator.Find("one")!.ExecutionId);
    }

    [Fact]
    public async Task ContinueAsNew_EventsOfTheSameBatch_AreCarriedOver()
    {
        await Start(async context =>
        {
            var sum = context.GetInput<int>() + await context.WaitForExternalEvent<int>("signal");
            if (sum < 6)
            {
                context.ContinueAsNew(sum);
            }

            return sum;
        });
        simulator.RunOrchestrators();
        for (var number = 1; number <= 3; number++)
        {
            await simulator.Client.RaiseEventAsync("one", "signal", number, None);
        }

        simulator.TakeTurn("one");
        Assert.Equal((OrchestrationRuntimeStatus.Completed, 6), await Result<int>());
        Assert.Equal(3, simulator.Find("one")!.Generations);
    }

    [Fact]
    public async Task ContinueAsNew_OpenActivity_WaitsForItAndDropsLaterAnswers()
    {
        await Start(async context =>
        {
            if (context.GetInput<int>() == 1)
            {
                return await context.WaitForExternalEvent<int>("signal");
            }

            _ = context.CallActivityAsync<int>("add", "1");
            context.ContinueAsNew(1);
            return await Task.FromResult(0);
        });
        simulator.RunOrchestrators();
        Assert.Equal(1, simulator.Find("one")!.Generations);
        await simulator.Activities[0].RunTwiceAsync();
        simulator.TakeTurn("one", messages: 1);
        Assert.Equal(2, simulator.Find("one")!.Generations);
        simulator.RunOrchestrators();
        Assert.Equal(1, simulator.Dropped);
        await Raise(7);
        Assert.Equal((OrchestrationRuntimeStatus.Completed, 7), await Result<int>());
    }

    [Fact]
    public async Task CustomStatus_NextGenerationSetsNone_IsKeptUntilItsNextTurn()
    {
        await Start(async context =>
        {
            if (context.GetInput<int>() == 0)
            {
                context.SetCustomStatus("first");
                context.ContinueAsNew(1);
                return 0;
            }

            return await context.WaitForExternalEvent<int>("a") + await context.WaitForExternalEvent<int>("b");
        });
        await simulator.SettleAsync();
        Assert.Equal("first", (await Row()).ReadCustomStatusAs<string>());
        await simulator.Client.RaiseEventAsync("one", "a", 1, None);
        await simulator.SettleAsync();
        Assert.Null((await Row()).SerializedCustomStatus);
    }

    [Fact]
    public async Task Suspended_Events_WaitForResume()
    {
        await Start(context => context.WaitForExternalEvent<int>("signal"));
        await simulator.SettleAsync();
        await simulator.Client.SuspendInstanceAsync("one", None);
        await Raise(5);
        Assert.Equal(OrchestrationRuntimeStatus.Suspended, (await Row()).RuntimeStatus);
        await simulator.Client.ResumeInstanceAsync("one", None);
        await simulator.SettleAsync();
        Assert.Equal((OrchestrationRuntimeStatus.Completed, 5), await Result<int>());
    }

    [Fact]
    public async Task NewGuid_Replayed_IsTheSame()
    {
        await Start(async context =>
        {
            var (first, second) = (context.NewGuid(), context.NewGuid());
            Assert.NotEqual(first, second);
            return await context.CallActivityAsync<string>("text", first) == first.ToString();
        });
        simulator.AddActivity("text", (Guid id) => Task.FromResult(id.ToString()));
        await simulator.SettleAsync();
        Assert.True((await Result<bool>()).Value);
    }

    [Fact]
    public async Task Random_AnySeed_EverySignalCountsAndTheRunRepeats()
    {
        var all = new List<string>();
        for (var seed = 0; seed < 40; seed++)
        {
            var (trace, counted) = await RandomRun(seed);
            Assert.Equal(trace, (await RandomRun(seed)).Trace);
            Assert.True(Enumerable.Range(0, 12).All(counted.Contains), $"Seed {seed} lost a signal: {string.Join('\n', trace)}");
            all.AddRange(trace);
        }

        foreach (var kind in new[] { "twice", "the worker dies", "BeforeSending", "BeforeRecording", "the clock" })
        {
            Assert.Contains(all, line => line.Contains(kind, StringComparison.Ordinal));
        }
    }

    private static async Task<(List<string> Trace, List<int> Counted)> RandomRun(int seed)
    {
        var simulator = new DurableSimulator();
        simulator.AddActivity("double", (int n) => Task.FromResult(2 * n));
        simulator.AddOrchestrator("count", async context =>
        {
            var seen = context.GetInput<List<int>>() ?? [];
            for (var turn = 0; turn < 3 && seen.Distinct().Count() < 12; turn++)
            {
                var number = await context.WaitForExternalEvent<int>("signal");
                await context.CreateTimer(TimeSpan.FromMinutes(1), default);
                seen.Add(await context.CallActivityAsync<int>("double", number) / 2);
            }

            if (seen.Distinct().Count() < 12)
            {
                context.ContinueAsNew(seen);
            }

            context.SetCustomStatus(seen);
        });
        await simulator.Client.ScheduleNewOrchestrationInstanceAsync("count", new StartOrchestrationOptions("one"), None);
        simulator.TakeTurn("one");
        var schedule = new RandomSchedule(simulator, seed) { Duplicates = 20, Crashes = 20 };
        await schedule.RunAsync(Enumerable.Range(0, 12).Select(n => (Func<Task>)(() => simulator.Client.RaiseEventAsync("one", "signal", n, None))));
        var row = await simulator.Client.GetInstanceAsync("one", true, None);
        Assert.Equal(OrchestrationRuntimeStatus.Completed, row!.RuntimeStatus);
        return (schedule.Trace, row.ReadCustomStatusAs<List<int>>()!);
    }

    private Task<string> Start<T>(Func<TaskOrchestrationContext, Task<T>> orchestrator)
    {
        simulator.AddOrchestrator("sample", orchestrator);
        return simulator.Client.ScheduleNewOrchestrationInstanceAsync("sample", new StartOrchestrationOptions("one"), None);
    }

    private async Task Raise(int number)
    {
        await simulator.Client.RaiseEventAsync("one", "signal", number, None);
        simulator.RunOrchestrators();
    }

    private async Task<OrchestrationMetadata> Row() => (await simulator.Client.GetInstanceAsync("one", true, None))!;

    private async Task<(OrchestrationRuntimeStatus Status, T? Value)> Result<T>()
    {
        var row = await Row();
        return (row.RuntimeStatus, row.ReadOutputAs<T>());
    }

    private sealed record Shape(int Kept)
    {
        internal int Forgotten { get; init; }
    }
}
