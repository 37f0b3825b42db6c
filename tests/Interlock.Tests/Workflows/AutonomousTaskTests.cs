using Interlock.Core.Agents;
using Interlock.Core.Policy;
using Interlock.Core.Workflows;

namespace Interlock.Tests.Workflows;

public sealed class AutonomousTaskTests
{
    private const string Least = "goal: g, planner: p, pool: { tools: [ s/t ] }, limits: { steps: 2, calls: 3 }";

    [Fact]
    public void Read_Everything_IsBuilt()
    {
        var task = One(
            """
              - a:
                  call: autonomous
                  with:
                    goal: { ticket: '${ .ticket }' }
                    planner: triage
                    version: ^1
                    pool: { tools: [ s/t, s/*, 'capability:mail', 'tag:safe' ], agents: [ b, 'tag:office' ], workflows: [ n/w ] }
                    limits: { steps: 20, calls: 30, tokens: 200000, cost: 0.1234567, time: { minutes: 5 }, consecutiveFailures: 2, repeats: 1 }
                    context: { keep: 4, maxTokens: 9000, referenceAbove: 512, summarizer: scribe }
                    onExhausted: answer
                    approval: { approvers: [ { group: sre } ], also: [ { approvers: [ { user: ann } ] } ], quorum: 2, excludeAuthor: false, expiresAfter: PT2H }
                  metadata: { interlock: { lock: { name: '${ "x-" + .ticket }', places: 2 } } }
            """);
        Assert.Equal(("triage", "^1", ExhaustedAction.Answer, 1), (task.Planner, task.PlannerVersion, task.OnExhausted, task.Goal.Expressions.Count()));
        Assert.Equal(["s/t", "s/*", "capability:mail", "tag:safe"], task.Pool.Tools);
        Assert.Equal(["b", "tag:office", "n/w"], task.Pool.Agents.Concat(task.Pool.Workflows));
        Assert.Equal(new AgentLimits { Steps = 20, Calls = 30, Tokens = 200_000, Cost = 123_457, Time = TimeSpan.FromMinutes(5), ConsecutiveFailures = 2, Repeats = 1 }, task.Limits);
        Assert.Equal(new ContextPolicy { Keep = 4, MaxTokens = 9000, ReferenceAbove = 512, Summarizer = "scribe" }, task.Context);
        Assert.Equal((2, true, false, TimeSpan.FromHours(2)), (task.Approval!.Quorum, task.Approval.ExcludeInitiator, task.Approval.ExcludeAuthor, task.Approval.ExpiresAfter)); // it is written
        Assert.Equal([StepChoice.Fail], task.Approval.Choices);
        Assert.Equal([new Approver(ApproverKind.User, "ann")], Assert.Single(task.Approval.Also).Approvers);
        Assert.Equal((1, 2), (task.Lock!.Name.Expressions.Count(), task.Lock.Places)); // the same
    }

    [Fact]
    public void Read_TheLeast_HasDefaultsAndWhatItInherits()
    {
        var task = One($"  - a: {{ call: autonomous, with: {{ {Least} }}, metadata: {{ interlock: {{ onError: skip }} }} }}");
        Assert.Equal(new AgentLimits { Steps = 2, Calls = 3 }, task.Limits);
        Assert.Equal((null, null, null, ExhaustedAction.Fail), (task.Context, task.Approval, task.PlannerVersion, task.OnExhausted));
        Assert.Equal((StepAction.Skip, StepAction.Fail), (task.OnError, task.OnTimeout));
    }

    [Fact]
    public void Read_StepThatEscalates_OffersNoEdit()
    {
        var task = One($"  - a: {{ call: autonomous, with: {{ {Least} }}, metadata: {{ interlock: {{ onError: escalate, escalate: {{ approvers: [ {{ group: g }} ], expiresAfter: PT1H, onTimeout: fail }} }} }} }}");
        Assert.Equal([StepChoice.Retry, StepChoice.Skip, StepChoice.Fail], task.Escalate?.Choices);
    }

    [Theory]
    [InlineData("goal: g, planner: p, pool: { tools: [ s/t ] }", "schema", "limits")]
    [InlineData("goal: g, planner: p, limits: { steps: 1, calls: 1 }", "schema", "pool")]
    [InlineData("planner: p, pool: { tools: [ s/t ] }, limits: { steps: 1, calls: 1 }", "schema", "goal")]
    [InlineData("goal: g, pool: { tools: [ s/t ] }, limits: { steps: 1, calls: 1 }", "schema", "planner")]
    [InlineData("goal: g, planner: p, pool: { tools: [ s/t ] }, limits: { calls: 1 }", "schema", "steps")]
    [InlineData("goal: g, planner: p, pool: { tools: [ s/t ] }, limits: { steps: 1 }", "schema", "calls")]
    [InlineData("goal: g, planner: p, pool: { tools: [ s/t ] }, limits: { steps: 1001, calls: 1 }", "schema", "")]
    [InlineData("goal: g, planner: p, pool: { tools: [ s/t ] }, limits: { steps: 1, calls: 0 }", "schema", "")]
    [InlineData("goal: g, planner: p, pool: { tools: [ s/t ] }, limits: { steps: 1, calls: 1, cost: 0 }", "schema", "")]
    [InlineData("goal: g, planner: p, pool: {}, limits: { steps: 1, calls: 1 }", "schema", "")]
    [InlineData("goal: g, planner: p, pool: { tools: [] }, limits: { steps: 1, calls: 1 }", "schema", "")]
    [InlineData("goal: g, planner: p, pool: { tools: [ '*/*' ] }, limits: { steps: 1, calls: 1 }", "schema", "pattern of one server's tools")]
    [InlineData("goal: g, planner: p, pool: { tools: [ '${ .tools }' ] }, limits: { steps: 1, calls: 1 }", "schema", "server/tool")]
    [InlineData("goal: g, planner: p, pool: { agents: [ '*' ] }, limits: { steps: 1, calls: 1 }", "schema", "A registered agent")]
    [InlineData("goal: g, planner: p, pool: { workflows: [ n/* ] }, limits: { steps: 1, calls: 1 }", "schema", "namespace/name")]
    [InlineData(Least + ", onExhausted: retry", "schema", "must be fail or answer")]
    [InlineData(Least + ", context: { keep: 0 }", "schema", "")]
    [InlineData(Least + ", approval: { approvers: [ { group: g } ] }", "schema", "expiresAfter")]
    [InlineData(Least + ", approval: { approvers: [ { user: g } ], quorum: 2, expiresAfter: PT1H }", "quorum", "can't be reached")]
    [InlineData(Least + ", approval: { approvers: [ { group: g } ], expiresAfter: '${ .x }' }", "duration", "written out")]
    [InlineData("goal: g, planner: p, pool: { tools: [ s/t ] }, limits: { steps: 1, calls: 1, time: '${ .x }' }", "duration", "written out")]
    [InlineData("goal: g, planner: p, pool: { tools: [ s/t ] }, limits: { steps: 1, calls: 1, time: PT0S }", "duration", "longer than zero")]
    [InlineData("goal: '${ $secrets.key }', planner: p, pool: { tools: [ s/t ] }, limits: { steps: 1, calls: 1 }", "secrets", "$secrets")]
    [InlineData("goal: g, planner: p, pool: { tools: [ s/t ], agents: [ b, p ] }, limits: { steps: 1, calls: 1 }", "pool", "the planner 'p' would choose itself")]
    [InlineData("goal: g, planner: p, pool: { workflows: [ test/doc ] }, limits: { steps: 1, calls: 1 }", "pool", "the workflow would start itself")]
    public void Read_OneMistake_IsOneFinding(string with, string rule, string says)
    {
        var read = Documents.Autonomous($"  - a:\n      call: autonomous\n      with: {{ {with} }}");
        var finding = Assert.Single(read.Findings);
        Assert.Equal((rule, Documents.FirstTaskLine + 2, Severity.Error), (finding.Rule, finding.Line, finding.Severity));
        Assert.Contains(says, finding.Message, StringComparison.Ordinal);
        Assert.Null(read.Definition);
    }

    [Fact]
    public void Read_WithoutPoolAndLimits_IsRefusedAtTheStep() =>
        Assert.All(Documents.Autonomous("  - a: { call: autonomous, with: {} }").Findings, finding => Assert.Equal(("schema", 9), (finding.Rule, finding.Line)));

    [Fact]
    public void Read_Supervised_IsRefusedWithWhatToWrite()
    {
        var finding = Assert.Single(Documents.Read($"  - a: {{ call: autonomous, with: {{ {Least} }} }}").Findings);
        Assert.Equal(("mode", Documents.FirstTaskLine, "/do/0/a"), (finding.Rule, finding.Line, finding.Pointer));
        Assert.EndsWith("write mode: autonomous under document.metadata.interlock", finding.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a: { call: autonomous, with: { " + Least + " } }")]
    [InlineData("a: { do: [ { b: { call: tool, with: { tool: s/t2 } } }, { c: { call: autonomous, with: { " + Least + " } } } ] }")]
    public void Read_GateThatCoversIt_IsRefusedWithWhereItIsAsked(string task)
    {
        var finding = Assert.Single(Documents.Autonomous($"  - gate: {{ call: approval, with: {{ title: t, approvers: [ {{ group: g }} ], expiresAfter: PT1H, covers: [ a ] }} }}\n  - {task}").Findings);
        Assert.Equal(("covers", "/do/0/gate/with/covers/0"), (finding.Rule, finding.Pointer));
        Assert.Contains("chooses its calls while it runs, so nobody can see them at a gate before it", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_RetryAroundIt_IsAWarning()
    {
        var read = Documents.Autonomous($"  - again:\n      try: [ {{ a: {{ call: autonomous, with: {{ {Least} }} }} }} ]\n      catch: {{ retry: {{ limit: {{ attempt: {{ count: 2 }} }} }} }}");
        var finding = Assert.Single(read.Findings);
        Assert.Equal(("retry", Severity.Warning, "/do/0/again/try/0/a"), (finding.Rule, finding.Severity, finding.Pointer));
        Assert.Contains("begins the loop anew", finding.Message, StringComparison.Ordinal);
        Assert.NotNull(read.Definition);
    }

    [Fact]
    public void Check_ARunBeneathALock_IsAWarning()
    {
        var read = WorkflowReader.Read(Documents.Head + "  - a: { do: [ { b: { run: { workflow: { namespace: t, name: n, version: latest } } } } ], metadata: { interlock: { lock: { name: x } } } }", "doc.yaml");
        Assert.Contains("'x'", Assert.Single(read.Findings, finding => finding is { Rule: "lock", Severity: Severity.Warning }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Concurrency_IsBuilt()
    {
        static ConcurrencyRule? Rule(string written) => WorkflowReader.Read(Documents.Head.Replace("onError: fail", $"onError: fail, concurrency: {{ {written} }}", StringComparison.Ordinal) + "  - a: { set: { x: 1 } }", "doc.yaml").Definition?.Concurrency;
        Assert.Equal((1, LockContention.Queue), Rule("key: all") is { } least ? (least.Limit, least.OnBusy) : default);
        Assert.Equal((3, LockContention.CancelRunning), Rule("key: '${ .customer }', limit: 3, onBusy: cancelRunning") is { } most ? (most.Limit, most.OnBusy) : default);
        Assert.Equal(LockContention.Reject, Rule("key: all, onBusy: reject")?.OnBusy);
    }

    [Fact]
    public void Read_LockOfATool_IsOneOfOnePlace()
    {
        var held = Documents.Clean("  - a: { call: tool, with: { tool: s/t, lock: '${ .name }' } }").Tasks.Tasks[0].Lock;
        Assert.Equal((1, 1), (held!.Places, held.Name.Expressions.Count())); // it is written
    }

    [Fact]
    public void Source_OfTheTask_IsWhatIsWritten() =>
        Assert.Equal("p", One($"  - a: {{ call: autonomous, with: {{ {Least} }} }}").Source["with"]?["planner"]?.StringOrNull());

    private static AutonomousTask One(string tasks) => Assert.IsType<AutonomousTask>(Documents.Clean(Documents.Autonomous(tasks)).Tasks.Tasks[0]);
}
