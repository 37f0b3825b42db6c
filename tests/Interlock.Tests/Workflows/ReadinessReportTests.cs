using Interlock.Core.Workflows;

namespace Interlock.Tests.Workflows;

public sealed class ReadinessReportTests
{
    [Fact]
    public void For_IncidentRemediation_CitesThePlacesOfTheDocument()
    {
        var report = ReadinessReport.For(WorkflowReader.Read(Documents.Sample("samples/workflows/incident-remediation.yaml"), "incident.yaml"));
        var lines = Documents.Sample("samples/workflows/incident-remediation.yaml").Split('\n');
        var apply = Assert.Single(Answer(report, "gates").Evidence, evidence => evidence.TaskPath == "/do/2/apply");
        Assert.Contains("remediation/apply runs only with a grant of the gate 'approve'", apply.Reason, StringComparison.Ordinal);
        Assert.Equal("  - apply:", lines[apply.Line - 1]);
        Assert.Contains(Answer(report, "gates").Evidence, evidence => evidence.Reason.Contains("ticket-classifier is covered by no gate", StringComparison.Ordinal));
        Assert.Contains(Answer(report, "deprecation").Evidence, evidence => evidence.Reason.Contains("pins ^1", StringComparison.Ordinal));
        Assert.Contains(Answer(report, "deprecation").Evidence, evidence => evidence.Reason.Contains("remediation/revert", StringComparison.Ordinal));
        Assert.Equal(5, Answer(report, "audit").Evidence.Count);
        Assert.Equal(6, Answer(report, "on-error-on-timeout").Evidence.Count);
        Assert.Contains("chat/post_message, remediation/apply, remediation/log, remediation/revert", Assert.Single(Answer(report, "pools").Evidence).Reason, StringComparison.Ordinal);
        Assert.All(report.Answers.SelectMany(answer => answer.Evidence), evidence => Assert.InRange(evidence.Line, 1, lines.Length));
    }

    [Fact]
    public void For_StepsAndGatesThatAskPeople_SaysWhomAndWhatFollows()
    {
        var report = ReadinessReport.For(Documents.Read(
            """
              - ask:
                  call: approval
                  with:
                    title: Go?
                    approvers: [ { group: leads } ]
                    also: [ { approvers: [ { user: eva } ] } ]
                    covers: [ apply ]
                    expiresAfter: PT1H
                    onTimeout: escalate
                    escalation: { approvers: [ { group: bosses } ], quorum: 2, expiresAfter: PT2H, onTimeout: fail }
                    onMismatch: reopen
                    information: { schema: { document: { type: object, properties: { why: { type: string } } } }, then: ask }
              - apply: { call: tool, with: { tool: s/t }, metadata: { interlock: { onError: escalate, escalate: { approvers: [ { group: ops } ], options: [ retry ], expiresAfter: PT1H, onTimeout: skip } } } }
            """));
        Assert.True(report.Passed);
        Assert.Contains(Answer(report, "gates").Evidence, evidence => evidence.Reason.StartsWith(
            "1 of group:leads and 1 of user:eva; rejected: fail; not decided after 01:00:00: escalate to 2 of group:bosses; not decided after 02:00:00: fail", StringComparison.Ordinal));
        Assert.Contains(Answer(report, "gates").Evidence, evidence => evidence.Reason.Contains("sent back for information it grants nothing; the run goes on with 'ask'", StringComparison.Ordinal));
        Assert.Contains(Answer(report, "gates").Evidence, evidence => evidence.Reason.Contains("opens another gate", StringComparison.Ordinal));
        Assert.Contains(Answer(report, "gates").Evidence, evidence => evidence.Reason == "once s/t failed, 1 of group:ops may grant it anew, with the exact arguments they are shown");
        Assert.Contains(Answer(report, "on-error-on-timeout").Evidence, evidence => evidence.Reason.StartsWith(
            "'apply': on error escalate to 1 of group:ops (retry, fail; not decided after 01:00:00: skip), on timeout fail", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("  - gate: { call: approval, with: { title: t, approvers: [ { group: g } ], expiresAfter: PT1H, covers: [ run ] } }\n  - run: { call: tool, with: { tool: s/t, arguments: { x: '${ .y }' } } }", "gates")]
    [InlineData("  - run: { call: openapi, with: { document: { endpoint: 'https://x.y' }, operationId: o } }", "deprecation,pools")]
    [InlineData("  - run: { set: { x: '${ $secrets.key }' } }", "audit")]
    [InlineData("  - run: { set: { x: 1 }, then: nowhere }", "on-error-on-timeout")]
    [InlineData("  - run: { set: { x: '${ | }' } }", "on-error-on-timeout")]
    [InlineData("  - run: { call: autonomous, with: { goal: g, planner: p, pool: { tools: [ s/t ] }, limits: { steps: 1, calls: 1 } } }", "pools")]
    [InlineData("  - run: { sett: 1 }", "on-error-on-timeout,pools")]
    [InlineData("  - run: [", "gates,deprecation,audit,on-error-on-timeout,pools")]
    public void For_DocumentWithAnError_FailsTheQuestion(string tasks, string failed)
    {
        var report = ReadinessReport.For(Documents.Read(tasks));
        Assert.False(report.Passed);
        Assert.Equal(failed.Split(','), report.Answers.Where(answer => !answer.Passed).Select(answer => answer.Id));
    }

    [Fact]
    public void For_StepWithoutTimeout_FailsWithTheStep()
    {
        var text = Documents.Head.Replace("timeout: { after: PT1H }\n", "", StringComparison.Ordinal) + "  - a: { set: { x: 1 } }\n  - b: { set: { x: 1 }, timeout: { after: PT1S } }";
        var answer = Answer(ReadinessReport.For(WorkflowReader.Read(text, "doc.yaml")), "on-error-on-timeout");
        Assert.False(answer.Passed);
        Assert.Equal(("/do/0/a", 8), Assert.Single(answer.Evidence, evidence => evidence.Failed) is var one ? (one.TaskPath, one.Line) : default);
    }

    [Fact]
    public void For_AutonomousStep_SaysWhatItMayChooseAndWhatBoundsIt()
    {
        var report = ReadinessReport.For(Documents.Autonomous("  - a: { call: autonomous, with: { goal: g, planner: p, version: ^1, pool: { tools: [ s/*, 'tag:safe' ], agents: [ b ], workflows: [ n/w ] }, limits: { steps: 2, calls: 3, cost: 0.5, time: PT1M }, onExhausted: answer } }"));
        Assert.True(report.Passed);
        Assert.Equal("autonomous: calls are picked from pools in 'a'; all else that can be called is nothing", Answer(report, "pools").Evidence[0].Reason);
        Assert.Equal("'a': p chooses from s/*, tag:safe, the agent b, the workflow n/w", Answer(report, "pools").Evidence[1].Reason);
        Assert.Equal("'a': at most 2 turns, 3 calls, a cost of 0.5, a time of 00:01:00, 5 failures in a row, 3 times the same call; when one is reached: answer", Answer(report, "pools").Evidence[2].Reason);
        Assert.Contains("whom policy names", Assert.Single(Answer(report, "gates").Evidence).Reason, StringComparison.Ordinal);
        Assert.StartsWith("p pins ^1, and its pool the active versions", Assert.Single(Answer(report, "deprecation").Evidence).Reason, StringComparison.Ordinal);
        Assert.Contains("each choice of p with the candidates", Assert.Single(Answer(report, "audit").Evidence).Reason, StringComparison.Ordinal);
        Assert.All(report.Answers.SelectMany(answer => answer.Evidence).Skip(1), evidence => Assert.InRange(evidence.Line, 6, Documents.FirstTaskLine));
    }

    [Fact]
    public void For_PoolWithAToolThatAGateCoversElsewhere_ExplainsIt()
    {
        var report = ReadinessReport.For(Documents.Autonomous(
            """
              - a: { call: autonomous, with: { goal: g, planner: p, pool: { tools: [ s/read, s/a* ] }, limits: { steps: 2, calls: 3 } } }
              - gate: { call: approval, with: { title: t, approvers: [ { group: g } ], expiresAfter: PT1H, covers: [ apply ] } }
              - apply: { call: tool, with: { tool: s/apply } }
            """));
        var explained = Assert.Single(Answer(report, "gates").Evidence, evidence => evidence.TaskPath == "/do/0/a/with/pool/tools/1");
        Assert.Equal((Documents.FirstTaskLine, false), (explained.Line, explained.Failed));
        Assert.StartsWith("the gate 'gate' covers 'apply', and not what the planner of 'a' chooses: its calls of s/apply are asked about inside the loop", explained.Reason, StringComparison.Ordinal);
        Assert.True(report.Passed);
    }

    private static ReadinessAnswer Answer(ReadinessReport report, string id) => Assert.Single(report.Answers, answer => answer.Id == id);
}
