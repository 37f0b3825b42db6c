using Interlock.Core.Workflows;

namespace Interlock.Tests.Workflows;

public sealed class PathOutlineTests
{
    [Fact]
    public void Path_EveryKindOfStep_IsThereOnce()
    {
        var text =
            """
              - sort:
                  switch:
                    - large: { when: .n  > 100, then: big }
                    - rest: { then: small }
              - big: { call: helper, if: .a != null, then: end }
              - small:
                  try:
                    - child: { run: { workflow: { namespace: n, name: w, version: latest, input: {} }, await: false } }
                  catch: { errors: { with: { status: 503 } }, do: [ { rest: { wait: PT5M } } ] }
              - each:
                  for: { each: word, in: .words }
                  while: .go
                  do: [ { keep: { set: { a: 1 } } } ]
              - both: { fork: { compete: true, branches: [ { left: { set: { l: 1 } } }, { right: { emit: { event: { with: { source: 'https://x.y', type: a.b } } } } } ] } }
              - hear: { listen: { to: { any: [ { with: { type: x.y } } ], until: length > 3 } }, foreach: { do: [ { put: { set: { a: 1 } } } ] } }
              - gate: { call: approval, with: { title: t, approvers: [ { group: g } ], quorum: 2, covers: [ apply ], expiresAfter: PT1H } }
              - apply:
                  call: tool
                  with: { tool: s/apply, version: ^2, lock: mail }
                  metadata: { interlock: { compensate: { tool: s/undo } } }
              - ask: { call: agent, with: { agent: clerk, input: x } }
              - stop: { raise: { error: { type: 'https://x.y/e', status: 500 } } }
            """;
        var head = Documents.Head.Replace("do:", "use: { functions: { helper: { do: [ { inner: { call: tool, with: { tool: s/in } } } ] } } }\ndo:", StringComparison.Ordinal);
        var path = ReadinessReport.For(WorkflowReader.Read(head + text, "doc.yaml")).Path;
        Assert.Equal(
            """
            sort: one of these cases
              large: when .n > 100: big
              rest: else: small
            big: if .a != null: the function helper; then end
              helper: in order
                inner: calls s/in
            small: tries
              child: runs the workflow n/w (the newest active version), and goes on at once
              catch: on status 503
                rest: waits for PT5M
            each: for each word in .words, while .go
              keep: sets values
            both: all of these at once, until the first has ended
              left: sets values
              right: emits a.b
            hear: waits for x.y, until length > 3
              put: sets values
            gate: gate: 2 of group:g; rejected: fail
            apply: calls s/apply (^2), granted by 'gate', undone by s/undo, holding the lock mail
            ask: calls the agent clerk
            stop: raises an error
            """.ReplaceLineEndings("\n"), Written(path, "").TrimEnd('\n'));
        Assert.Equal([10, 14, 15, 19, 23, 24, 25, 26, 30, 31], path.Select(step => step.Line));
        Assert.Equal("/do/2/small/catch", path[2].Steps[1].Pointer);
    }

    [Fact]
    public void Path_AutonomousStep_ListsWhatMayBeChosen()
    {
        var path = ReadinessReport.For(Documents.Autonomous("  - a: { call: autonomous, with: { goal: g, planner: p, pool: { tools: [ s/t ], agents: [ b ], workflows: [ n/w ] }, limits: { steps: 2, calls: 3 } } }")).Path;
        Assert.Equal("p chooses from these, up to 2 turns, 3 calls, 5 failures in a row, 3 times the same call; then: fail", Assert.Single(path).Does);
        Assert.Equal(["s/t: may be chosen, of the tools", "b: may be chosen, of the agents", "n/w: may be chosen, of the workflows"], path[0].Steps.Select(step => $"{step.Name}: {step.Does}"));
        Assert.Equal("/do/0/a/with/pool/workflows/0", path[0].Steps[2].Pointer);
    }

    [Fact]
    public void ToJson_Report_HasThePath()
    {
        var json = ReadinessReport.For(Documents.Read("  - a: { do: [ { b: { set: { x: 1 } } } ] }")).ToJson();
        Assert.Equal("""[{"name":"a","pointer":"/do/0/a","line":9,"does":"in order","steps":[{"name":"b","pointer":"/do/0/a/do/0/b","line":9,"does":"sets values"}]}]""", json["path"]?.ToString());
        Assert.Equal("[]", ReadinessReport.For(Documents.Read("  - a: [")).ToJson()["path"]?.ToString());
    }

    private static string Written(IEnumerable<PathStep> steps, string indent) =>
        string.Concat(steps.Select(step => $"{indent}{step.Name}: {step.Does}\n{Written(step.Steps, indent + "  ")}"));
}
