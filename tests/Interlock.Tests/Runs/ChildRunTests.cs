using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Workflows;

namespace Interlock.Tests.Runs;

public sealed class ChildRunTests
{
    private const string Awaiting = "  - child: { run: { workflow: { namespace: n, name: w, version: ^1, input: { a: '${ .a }' } } } }";

    [Fact]
    public void Run_StartsTheWorkflowAndGivesItsOutput()
    {
        var run = RunHarness.Tasks(Awaiting, RunHarness.Parse("""{"a":1}"""));
        var start = run.Pending<Command.StartChild>("child");
        Assert.Equal(("n/w", "^1", true, RunHarness.Parse("""{"a":1}""")), (start.Workflow, start.Version, start.IsAwaited, start.Input));
        Assert.Equal(run.State.Frames[new("")].Deadline, start.Deadline);
        run.Ended("child", RunStatus.Completed, """{"b":2}""").Is(RunStatus.Completed).Replayed();
        Assert.Equal(RunHarness.Parse("""{"b":2}"""), run.State.Output);
    }

    [Fact]
    public void Run_NotAwaited_GivesItsInputOnceTheRunIsDurable()
    {
        var run = RunHarness.Tasks("  - child: { run: { await: false, workflow: { namespace: n, name: w, version: latest } }, input: { from: .a } }", RunHarness.Parse("""{"a":1}"""));
        var start = run.Pending<Command.StartChild>("child");
        Assert.Equal((null, false, JsonValue.EmptyObject, null), (start.Version, start.IsAwaited, start.Input, start.Deadline));
        run.Ended("child", RunStatus.Completed, "5").Is(RunStatus.Running); // nobody waits for that
        run.Send(new RunEvent.EffectCompleted(run.Now, start.Id, "started")).Is(RunStatus.Completed).Replayed();
        Assert.Equal(JsonValue.From(1), run.State.Output);
    }

    [Fact]
    public void Run_ThatFaults_RaisesItsErrorAtTheTask()
    {
        var run = RunHarness.Tasks(Awaiting).Ended("child", RunStatus.Faulted, problem: new Problem("https://x.y/e", 418, "Teapot", "Short and stout.", "/do/3/brew")).Is(RunStatus.Faulted).Replayed();
        Assert.Equal(new Problem("https://x.y/e", 418, "Teapot", "Short and stout.", "/do/0/child"), run.State.Error);
    }

    [Fact]
    public void Run_ThatIsCancelled_IsAnErrorThatCanBeCaught()
    {
        var run = RunHarness.Tasks("""
              - safe:
                  try: [ { child: { run: { workflow: { namespace: n, name: w, version: ^1 } } } } ]
                  catch: { errors: { with: { status: 499, instance: /do/0/safe/try/0/child } }, do: [ { over: { set: { caught: '${ $error.type }' } } } ] }
            """).Ended("child", RunStatus.Cancelled).Is(RunStatus.Completed).Replayed();
        Assert.Equal(RunHarness.Parse($$"""{"caught":"{{ProblemTypes.Cancelled}}"}"""), run.State.Output);
    }

    [Fact]
    public void Run_ThatIsRefused_Fails()
    {
        var run = RunHarness.Tasks(Awaiting);
        run.Send(new RunEvent.EffectFailed(run.Now, run.Pending<Command.StartChild>("child").Id, new Problem(ProblemTypes.Refused, 403, "Refused") { Rule = "causation-limit" })).Is(RunStatus.Faulted);
        Assert.Equal(("causation-limit", "/do/0/child"), (run.State.Error?.Rule, run.State.Error?.Instance));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(90)]
    public void Run_ThatIsAChild_EndsWhenItsParentsTimeIsOver(int minutes)
    {
        var deadline = RunHarness.Noon.AddMinutes(minutes);
        var definition = Documents.Clean("  - call: { call: tool, with: { tool: s/t } }"); // within an hour
        var started = RunHarness.Started(definition);
        var run = RunHarness.Of(definition, started with { Origin = started.Origin with { Deadline = deadline } });
        var due = minutes < 60 ? deadline : RunHarness.Noon.AddHours(1);
        Assert.Equal((due, due), (run.Call("call").Deadline, run.Timer("", TimerPurpose.Timeout).DueAt));
        run.Fire("", TimerPurpose.Timeout).Complete("call").Is(RunStatus.Faulted).Replayed();
        Assert.Equal(ProblemTypes.Timeout, run.State.Error?.Type);
    }

    [Fact]
    public void Run_UnderWayWhenItsTimeIsOver_IsWithdrawn()
    {
        var run = RunHarness.Tasks("  - child: { run: { workflow: { namespace: n, name: w, version: ^1 } }, timeout: { after: PT5S } }");
        var start = run.Pending<Command.StartChild>("child");
        Assert.Equal(RunHarness.Noon.AddSeconds(5), start.Deadline);
        run.Fire("child", TimerPurpose.Timeout).Is(RunStatus.Faulted).Replayed();
        Assert.Equal(ProblemTypes.Timeout, run.State.Error?.Type);
        Assert.Empty(run.State.Pending);
    }
}
