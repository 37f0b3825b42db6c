using Interlock.Core.Agents;
using Interlock.Core.Policy;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Tests.Workflows;

namespace Interlock.Tests.Runs.Conversations;

/// <summary>Agents at work in a folded run: documents, terms, and what models answer.</summary>
internal static class Loops
{
    public const string Top = "/do/0/triage";

    public static readonly PoolMember Search = Tool("crm__search", "crm/search");
    public static readonly PoolMember Refund = Tool("crm__refund", "crm/refund");
    public static readonly PoolMember Writer = new("writer", PoolKind.Agent, "writer", "1.0.0", "sha256:w", "Writes.", Schema);
    public static readonly PoolMember Restart = new("ops__restart", PoolKind.Workflow, "ops/restart", "2.0.0", "sha256:r", "Restarts.", Schema);

    private static JsonValue Schema => RunHarness.Parse("""{"type":"object","properties":{"q":{"type":"string"}},"required":["q"]}""");

    public static PoolMember Tool(string name, string target) => new(name, PoolKind.Tool, target, "1.0.0", "sha256:" + name, $"Does {name}.", Schema);

    public static AgentTerms Terms(params PoolMember[] pool) =>
        new("planner", "1.0.0", "model-x", "You triage.", pool.Length == 0 ? [Search, Refund, Writer, Restart] : [.. pool], [new("crm/delete", "not-allowed")])
        {
            Prices = new TokenPrices(1_000_000, 2_000_000),
        };

    public static AgentTerms Nested(params PoolMember[] pool) => Terms(pool) with { Agent = "writer", Pool = [.. pool] };

    public static WorkflowDefinition Autonomous(AgentLimits? limits = null, ExhaustedAction onExhausted = ExhaustedAction.Fail, ContextPolicy? context = null, StepEscalation? approval = null) =>
        new(new TaskList(new("/do"), [new AutonomousTask
        {
            Path = new(Top),
            Goal = new Template.Literal("Solve it."),
            Planner = "planner",
            Pool = new PoolRequest { Tools = ["crm/*"] },
            Limits = limits ?? AgentLimits.Default,
            OnExhausted = onExhausted,
            Context = context,
            Approval = approval,
        }]))
        { Name = new("test", "doc"), Version = "1.0.0", Digest = "sha256:doc", Document = JsonValue.EmptyObject, Mode = ExecutionMode.Autonomous };

    public static StepEscalation Leads { get; } = new([Approver.Parse("group:leads")!], 2, TimeSpan.FromHours(1), StepAction.Fail, []);

    /// <summary>A run whose planner is known.</summary>
    public static RunHarness Begun(WorkflowDefinition? definition = null, AgentTerms? terms = null) => RunHarness.Of(definition ?? Autonomous()).Open(terms ?? Terms());

    /// <summary>A supervised document that calls an agent, which turns out to be a chat agent.</summary>
    public static RunHarness Called(AgentTerms terms, string more = "") => RunHarness.Of(Documents.Clean(
        $$"""
          - triage:
              call: agent
              with: { agent: planner, input: { what: '${ $workflow.input.what }' } }
              timeout: { after: PT10M }{{more}}

        """), RunHarness.Parse("""{"what":"odd"}""")).Open(terms);

    public static RunHarness Open(this RunHarness run, AgentTerms terms, string frame = Top)
    {
        var command = run.State.Pending.Values.Single(one => one.Frame.Value == frame && one is Command.OpenAgent or Command.CallAgent && one.Frame.Value == frame);
        return run.Send(new RunEvent.AgentOpened(run.Next(), command.Id, terms));
    }

    /// <summary>The model answers without choosing anything.</summary>
    public static RunHarness Say(this RunHarness run, string text, string frame = Top, string finish = "stop", int tokens = 10) =>
        run.Answer(new ModelAnswer(text, [], finish, "model-x-1", new(tokens, 1)), frame);

    /// <summary>The model chooses: names with the arguments' text.</summary>
    public static RunHarness Choose(this RunHarness run, params (string Name, string Arguments)[] calls) => run.ChooseIn(Top, calls);

    public static RunHarness ChooseIn(this RunHarness run, string frame, params (string Name, string Arguments)[] calls) =>
        run.Answer(new ModelAnswer("", [.. calls.Select((call, i) => new ModelCall($"m{i}", call.Name, call.Arguments))], "calls", "model-x-1", new(10, 1)), frame);

    public static RunHarness Answer(this RunHarness run, ModelAnswer answer, string frame = Top) => run.Send(new RunEvent.EffectCompleted(run.Next(), run.Turn(frame).Id, answer.ToJson()));

    public static Command.CallModel Turn(this RunHarness run, string frame = Top) => run.Calls.OfType<Command.CallModel>().Single(call => call.Frame.Value == frame);

    public static bool IsAsked(this RunHarness run, string frame = Top) => run.Calls.OfType<Command.CallModel>().Any(call => call.Frame.Value == frame);

    /// <summary>What the model is shown in the pending turn.</summary>
    public static IReadOnlyList<JsonValue> Messages(this RunHarness run, string frame = Top) => [.. run.Turn(frame).Arguments["messages"]!.Items];

    /// <summary>What the last tool messages tell the model.</summary>
    public static IReadOnlyList<JsonValue> Told(this RunHarness run, string frame = Top) =>
        [.. run.Messages(frame).Where(message => message["role"] == "tool").Select(message => RunHarness.Parse(message["content"]!.AsString()))];

    /// <summary>What people are asked about a choice.</summary>
    public static GateRequest RequestIn(this RunHarness run, string frame) => run.State.Pending.Values.OfType<Command.OpenApproval>().Single(open => open.Frame.Value == frame).Gate;

    public static RunHarness CloseIn(this RunHarness run, string frame, GateOutcome outcome, params EditedCall[] edited)
    {
        var gate = run.State.Pending.Values.Where(command => command.Frame.Value == frame).Select(RunHarness.GateOf).First(id => id is not null)!.Value; // just tested
        return run.Send(new RunEvent.GateClosed(run.Next(), gate, outcome, outcome == GateOutcome.Expired ? [] : ["user:cem"], null) { Edited = [.. edited] });
    }

    public static FrameState.Conversation Conversation(this RunHarness run, string frame = Top) => (FrameState.Conversation)run.State.Frames[new(frame)].State;

    public static string Choice(int number, string frame = Top) => $"{frame}/calls@{number}";

    /// <summary>Arguments with a reason.</summary>
    public static string Why(string q, string reason = "to know") => JsonValue.Object(("q", q), ("interlock_reason", reason)).ToString();

    private static DateTimeOffset Next(this RunHarness run)
    {
        run.Wait(TimeSpan.FromSeconds(1));
        return run.Now;
    }
}
