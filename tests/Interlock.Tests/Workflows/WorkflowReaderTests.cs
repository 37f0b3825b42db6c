using Interlock.Core.Policy;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Tests.Workflows;

public sealed class WorkflowReaderTests
{
    [Theory]
    [InlineData("samples/workflows/hello.yaml")]
    [InlineData("samples/workflows/incident-remediation.yaml")]
    [InlineData("samples/workflows/refund.yaml")]
    public void Read_Sample_IsCleanAndReady(string path)
    {
        var result = WorkflowReader.Read(Documents.Sample(path), path);
        Assert.Equal([], result.Findings.Select(finding => finding.ToString()));
        Assert.NotNull(result.Definition);
        var report = ReadinessReport.For(result);
        Assert.True(report.Passed);
        Assert.Equal(["gates", "deprecation", "audit", "on-error-on-timeout", "pools"], report.Answers.Select(answer => answer.Id));
    }

    [Fact]
    public void Read_IncidentRemediation_HoldsWhatTheDocumentSays()
    {
        var definition = Sample("incident-remediation");
        Assert.Equal(new WorkflowName("support", "incident-remediation"), definition.Name);
        Assert.Equal("1.0.0", definition.Version);
        Assert.Equal(CanonicalJson.Digest(definition.Document), definition.Digest);
        Assert.Equal(ExecutionMode.Supervised, definition.Mode);
        Assert.Equal("com.zendesk.ticket.escalated", Assert.Single(definition.On!.Filters).Type); // the sample has a schedule
        Assert.Equal(["classify", "approve", "apply", "verify", "log", "notify"], definition.Tasks.Tasks.Select(task => task.Name));

        var gate = Assert.IsType<ApprovalTask>(definition.Task(new("/do/1/approve")));
        Assert.Equal([new Approver(ApproverKind.Group, "sre-leads")], gate.Approvers);
        Assert.Equal(["/do/2/apply", "/do/3/verify", "/do/4/log", "/do/5/notify"], gate.Covers.Select(path => path.Value));
        Assert.Equal((1, true, true, TimeSpan.FromHours(4)), (gate.Quorum, gate.ExcludeInitiator, gate.ExcludeAuthor, gate.ExpiresAfter));
        Assert.Equal((StepAction.Fail, GateTimeoutAction.Escalate), (gate.OnReject, gate.OnExpiry));
        Assert.Equal((TimeSpan.FromHours(8), GateTimeoutAction.Fail, 1), (gate.Escalation!.ExpiresAfter, gate.Escalation.OnExpiry, gate.Escalation.Quorum)); // escalated above
        Assert.True(definition.IsCovered(new("/do/5/notify")));
        Assert.False(definition.IsCovered(new("/do/0/classify")));

        var apply = Assert.IsType<ToolTask>(definition.Task(new("/do/2/apply")));
        Assert.Equal("remediation/revert", apply.Compensate?.Tool);
        Assert.Equal("/do/2/apply/metadata/interlock/compensate", apply.Compensate?.Path);
        Assert.Equal(["/changeId"], Assert.IsType<ToolTask>(definition.Task(new("/do/3/verify"))).Computed);
        Assert.Equal("^1", Assert.IsType<AgentTask>(definition.Task(new("/do/0/classify"))).Version);
    }

    [Fact]
    public void Read_EveryKind_IsBuilt()
    {
        var definition = Documents.Clean(
            """
              - a:
                  do:
                    - set: { set: { x: 1, y: '${ .z }' }, if: .go, output: { as: .x }, then: exit }
              - b:
                  for: { each: one, at: place, in: '${ .xs }' }
                  while: $place < 3
                  do:
                    - wait: { wait: { minutes: 5, seconds: 1 } }
                    - call: { call: agent, with: { agent: helper, input: '${ $one }', onInDoubt: escalate } }
              - c:
                  fork:
                    compete: true
                    branches:
                      - left: { raise: { error: { type: 'https://x.y/e', status: 500, title: '${ .t }' } } }
                      - right: { wait: '${ .pause }' }
                  timeout: { after: { seconds: 30 } }
              - d:
                  try:
                    - tool: { call: tool, with: { tool: s/t, version: 1.x, arguments: { n: 1 }, idempotencyKey: '${ .k }', onInDoubt: retry } }
                  catch:
                    errors: { with: { status: 503, details: busy } }
                    as: failure
                    when: $failure.status > 500
                    retry:
                      delay: PT1S
                      backoff: { exponential: {} }
                      limit: { attempt: { count: 3, duration: PT10S }, duration: PT1M }
                      jitter: { from: PT0S, to: PT0.5S }
                    do:
                      - note: { set: { why: '${ $failure.title }' } }
                  metadata: { interlock: { onError: skip } }
              - e:
                  switch:
                    - big: { when: '${ .n > 1 }', then: a }
                    - other: { then: end }
            """);
        var set = Assert.IsType<SetTask>(definition.Task(new("/do/0/a/do/0/set")));
        Assert.Equal((".go", ".x", "exit"), (set.If?.Source, Assert.IsType<Template.Computed>(set.OutputAs).Expression.Source, set.Then));
        Assert.Equal(["x", "y"], Assert.IsType<Template.Map>(set.Value).Members.Select(member => member.Key));
        Assert.Equal(" .z ", Assert.Single(set.Value.Expressions).Source);

        var loop = Assert.IsType<ForTask>(definition.Task(new("/do/1/b")));
        Assert.Equal(("one", "place", " .xs ", "$place < 3"), (loop.Each, loop.At, loop.In.Source, loop.While?.Source));
        var wait = Assert.IsType<WaitTask>(definition.Task(new("/do/1/b/do/0/wait")));
        Assert.Equal(TimeSpan.FromSeconds(301), Durations.Parse(Assert.IsType<Template.Literal>(wait.Duration.Value).Value));
        Assert.Equal(InDoubtAction.Escalate, Assert.IsType<AgentTask>(definition.Task(new("/do/1/b/do/1/call"))).OnInDoubt);

        var fork = Assert.IsType<ForkTask>(definition.Task(new("/do/2/c")));
        Assert.True(fork.Compete);
        Assert.Equal(["/do/2/c/fork/branches/0/left", "/do/2/c/fork/branches/1/right"], fork.Branches.Select(branch => branch.Path.Value));
        Assert.NotNull(fork.Timeout);

        var attempt = Assert.IsType<TryTask>(definition.Task(new("/do/3/d")));
        Assert.Equal(JsonValue.Object(("status", 503), ("detail", "busy")), attempt.Catch.With);
        Assert.Equal(("failure", "$failure.status > 500"), (attempt.Catch.As, attempt.Catch.When?.Source));
        Assert.Equal(new RetryPolicy
        {
            Delay = TimeSpan.FromSeconds(1),
            Backoff = Backoff.Exponential,
            AttemptLimit = 3,
            AttemptDuration = TimeSpan.FromSeconds(10),
            Duration = TimeSpan.FromMinutes(1),
            JitterTo = TimeSpan.FromMilliseconds(500),
        }, attempt.Catch.Retry);
        Assert.Equal((StepAction.Skip, StepAction.Fail), (attempt.OnError, attempt.OnTimeout));
        Assert.Equal(StepAction.Skip, definition.Task(new("/do/3/d/try/0/tool")).OnError);
        Assert.Equal("/do/3/d/catch/do", attempt.Catch.Tasks?.Path.Value);

        var choice = Assert.IsType<SwitchTask>(definition.Task(new("/do/4/e")));
        Assert.Equal([("big", " .n > 1 ", "a"), ("other", null, "end")], choice.Cases.Select(one => (one.Name, one.When?.Source, one.Then)));
        Assert.Equal("end", choice.Source["switch"]?[1]?["other"]?["then"]?.AsString());
    }

    [Fact]
    public void Read_ReusedParts_AreResolved()
    {
        var text = Documents.Head.Replace("do:", "use:\n  timeouts: { short: { after: PT7S } }\n  errors: { gone: { type: 'https://x.y/gone', status: 410 } }\n  retries: { twice: { limit: { attempt: { count: 2 } } } }\ndo:", StringComparison.Ordinal) +
            "  - a:\n      try: [ { b: { raise: { error: gone }, timeout: short } } ]\n      catch: { retry: twice }";
        var result = WorkflowReader.Read(text, "doc.yaml");
        Assert.Equal([], result.Findings.Select(finding => finding.ToString()));
        var attempt = Assert.IsType<TryTask>(result.Definition?.Task(new("/do/0/a")));
        Assert.Equal(2, attempt.Catch.Retry?.AttemptLimit);
        var raise = Assert.IsType<RaiseTask>(attempt.Tasks.Tasks[0]);
        Assert.Equal(410, Assert.IsType<Template.Literal>(raise.Error).Value["status"]?.AsNumber());
        Assert.Equal("PT7S", Assert.IsType<Template.Literal>(raise.Timeout?.Value).Value.AsString());
    }

    [Fact]
    public void Read_Json_IsTheSameDefinition()
    {
        var yaml = Sample("incident-remediation");
        var json = WorkflowReader.Read(yaml.Document.ToString(), "doc.json");
        Assert.Equal([], json.Findings);
        Assert.Equal(yaml.Digest, json.Definition?.Digest);
        Assert.Equal(yaml.Digest, WorkflowReader.FromDocument(yaml.Document).Definition?.Digest);
    }

    /// <summary>Arguments that are the same at the gate and at the call need no declaration.</summary>
    [Theory]
    [InlineData("'${ $workflow.input.x }'", "")]
    [InlineData("'${ $context.k }'", "")]
    [InlineData("'${ $context }'", "")]
    [InlineData("'${ [$context.k, $workflow.input.y, 1 + 2] }'", "export: { as: '${ $context + { other: .x } }' }")]
    [InlineData("'${ $context.k }'", "export: { as: '${ $context + { other: [.k, {k: 1}], \"third\": \"a, b}\" } + { fourth: 1 } }' }")]
    public void Read_CoveredArgumentKnownAtTheGate_IsClean(string argument, string between)
    {
        var definition = Documents.Clean(
            $$"""
              - before: { set: { x: 1 }, export: { as: '${ $context + { k: .x } }' } }
              - gate: { call: approval, with: { title: t, approvers: [ { group: g } ], expiresAfter: PT1H, covers: [ run ] } }
              - between: { set: { x: 1 }, {{between}} }
              - run: { call: tool, with: { tool: s/t, arguments: { x: {{argument}} } }, export: { as: '${ $context + { k: 2 } }' } }
              - after: { set: { x: 1 }, export: { as: '${ . }' } }
            """);
        Assert.True(definition.IsCovered(new("/do/3/run")));
    }

    [Theory]
    [InlineData("input: '${ . }'", "\"\"")]
    [InlineData("input: { a: [ 1, { b: '${ .c }' } ] }", "/a/1/b")]
    [InlineData("input: { a: [ 1, { b: '${ .c }' } ] }", "a")]
    public void Read_DeclaredComputedArgument_IsClean(string input, string declared) => Documents.Clean(
        $$"""
          - gate: { call: approval, with: { title: t, approvers: [ { group: g } ], expiresAfter: PT1H, covers: [ run ] } }
          - run: { call: agent, with: { agent: x, {{input}} }, metadata: { interlock: { computed: [ {{declared}} ] } } }
        """);

    [Fact]
    public void Read_LoopVariableAroundGateAndCall_IsKnown() => Documents.Clean(
        """
          - each:
              for: { each: host, in: $workflow.input.hosts }
              do:
                - gate: { call: approval, with: { title: '${ "restart " + $host }', approvers: [ { group: g } ], expiresAfter: PT1H, covers: [ run ] } }
                - run: { call: tool, with: { tool: s/t, arguments: { host: '${ $host }', at: '${ $index }' } } }
        """);

    [Fact]
    public void Read_VariableOfAnotherHandlerOfTheSameName_IsNotKnown()
    {
        var result = Documents.Read(
            """
              - outer:
                  try: [ { a: { set: { x: 1 } } } ]
                  catch:
                    do:
                      - gate: { call: approval, with: { title: t, approvers: [ { group: g } ], expiresAfter: PT1H, covers: [ same, other ] } }
                      - same: { call: tool, with: { tool: s/t, arguments: { x: '${ $error.title }' } } }
                      - inner:
                          try: [ { b: { set: { x: 1 } } } ]
                          catch: { do: [ { other: { call: tool, with: { tool: s/t, arguments: { x: '${ $error.title }' } } } } ] }
            """);
        Assert.EndsWith("/other/with/arguments/x", Assert.Single(result.Findings).Pointer, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_CoveredContainer_CoversEveryCallInIt()
    {
        var definition = Documents.Clean(
            """
              - gate: { call: approval, with: { title: t, approvers: [ { group: g } ], expiresAfter: PT1H, covers: [ box, deep ] } }
              - box:
                  do:
                    - a: { call: tool, with: { tool: s/t } }
                    - b: { fork: { branches: [ { c: { call: agent, with: { agent: x, input: 1 } } }, { d: { set: { x: 1 } } } ] } }
              - other: { do: [ { deep: { call: tool, with: { tool: s/u } } } ] }
            """);
        Assert.Equal(["/do/1/box/do/0/a", "/do/1/box/do/1/b/fork/branches/0/c", "/do/2/other/do/0/deep"],
            Assert.IsType<ApprovalTask>(definition.Tasks.Tasks[0]).Covers.Select(path => path.Value));
    }

    [Fact]
    public void Read_GateWithoutActions_InheritsThem()
    {
        var gate = Assert.IsType<ApprovalTask>(Documents.Clean(
            "  - gate: { call: approval, with: { title: t, approvers: [ { user: u } ], expiresAfter: PT1H }, metadata: { interlock: { onError: skip, onTimeout: skip } } }").Tasks.Tasks[0]);
        Assert.Equal((StepAction.Skip, GateTimeoutAction.Skip), (gate.OnReject, gate.OnExpiry));
        Assert.Equal((1, true, true), (gate.Quorum, gate.ExcludeInitiator, gate.ExcludeAuthor));
    }

    [Fact]
    public void Read_OwnActionsAndTimeouts_NeedNoneOfTheDocument()
    {
        var head = Documents.Head.Replace(", onError: fail, onTimeout: fail", "", StringComparison.Ordinal).Replace("timeout: { after: PT1H }\n", "", StringComparison.Ordinal);
        var own = "timeout: { after: PT1S }, metadata: { interlock: { onError: fail, onTimeout: skip } }";
        Assert.Equal([], WorkflowCheck.Check(head + $"  - a: {{ do: [ {{ b: {{ set: {{ x: 1 }} }} }} ], {own} }}", "doc.yaml"));
        Assert.Equal(["on-error", "on-timeout", "on-timeout"],
            WorkflowCheck.Check(head + $"  - a: {{ set: {{ x: 1 }}, {own} }}\n  - b: {{ set: {{ x: 1 }} }}", "doc.yaml").Select(finding => finding.Rule));
    }

    [Fact]
    public void Read_MoreThan1000Tasks_IsRefused()
    {
        var tasks = string.Concat(Enumerable.Range(0, 1001).Select(i => $"  - t{i}: {{ set: {{ x: 1 }} }}\n"));
        Assert.Contains(Documents.Read(tasks).Findings, finding => finding.Message.Contains("at most 1,000", StringComparison.Ordinal));
    }

    /// <summary>Many gates that cover many tasks: the checks of pairs stay within seconds.</summary>
    [Fact]
    public void Read_ManyGatesOverManyTasks_EndsInAnAnswer()
    {
        var covers = string.Join(", ", Enumerable.Range(0, 100).Select(i => $"t{i + 400}"));
        var tasks = string.Concat(Enumerable.Range(0, 400).Select(i =>
                $"  - t{i}: {{ call: approval, with: {{ title: t, approvers: [ {{ group: g }} ], expiresAfter: PT1H, covers: [ {covers} ] }} }}\n"))
            + string.Concat(Enumerable.Range(400, 600).Select(i => $"  - t{i}: {{ call: tool, with: {{ tool: s/t, arguments: {{ x: '${{ $context.k }}' }} }}, export: {{ as: '${{ $context + {{ k{i}: 1 }} }}' }} }}\n"));
        Assert.NotNull(Documents.Read(tasks).Definition);
    }

    private static WorkflowDefinition Sample(string name) =>
        Assert.IsType<WorkflowDefinition>(WorkflowReader.Read(Documents.Sample($"samples/workflows/{name}.yaml"), name).Definition);
}
