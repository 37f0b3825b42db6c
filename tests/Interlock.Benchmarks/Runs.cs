using System.Globalization;
using System.Text;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Benchmarks;

/// <summary>Workflows of a given length, and the events that run them; nothing of it leaves memory. A document has at most 1,000 tasks.</summary>
internal static class Runs
{
    public static readonly (string Name, Func<int, WorkflowDefinition> Of, int Longest)[] Kinds =
    [
        ("`for` with `set`, one event", Loop, 100_000),
        ("`for` with `set`, `switch` and a call", Calls, 100_000),
        ("`then` back over a call", Jump, 100_000),
        ("a list of `set`", List, 1_000),
        ("a list of calls", CallList, 1_000),
    ];

    private static readonly DateTimeOffset Noon = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Folds a run to its end, a call at a time; the last state.</summary>
    /// <param name="definition">One of <see cref="Kinds"/>.</param>
    /// <param name="length">How many items the loops have.</param>
    /// <param name="seen">Is shown every event and what it led to.</param>
    public static RunState Fold(WorkflowDefinition definition, int length, Action<RunEvent, RunState>? seen = null)
    {
        var starter = new Principal(new("acme"), "ana", PrincipalKind.User, "Ana", [], []);
        var started = new RunEvent.RunStarted(
            Noon, new("00000000000000000000000000000001"), new("acme"), new(definition.Name.ToString(), definition.Version, definition.Digest), Interpreter.Current,
            new RunOrigin(starter, "user:bob", "api"), JsonValue.Object(("items", JsonValue.Array(Enumerable.Range(0, length).Select(i => JsonValue.From(i)))), ("left", length)));
        var state = Interpreter.Start(definition, started);
        seen?.Invoke(started, state);
        for (var n = 1; !state.Status.IsClosed(); n++)
        {
            var call = state.Pending.Values.OfType<Command.Call>().First();
            var done = new RunEvent.EffectCompleted(Noon.AddMilliseconds(n), call.Id, JsonValue.Object(("ok", true), ("left", length - n)));
            state = Interpreter.Advance(definition, state, done);
            seen?.Invoke(done, state);
        }
        return state.Status == RunStatus.Completed ? state : throw new InvalidOperationException($"The run ended {state.Status}: {state.Error?.Detail}");
    }

    private static WorkflowDefinition Loop(int length) => Read("  - sum:\n      for: { in: .items }\n      do:\n        - add: { set: { items: [], n: '${ (.n // 0) + $item }' } }\n");

    private static WorkflowDefinition Calls(int length) => Read(
        """
          - each:
              for: { in: .items }
              do:
                - mark: { set: { even: '${ $item % 2 == 0 }' } }
                - which:
                    switch:
                      - even: { when: .even, then: say }
                      - odd: { then: say }
                - say: { call: tool, with: { tool: s/a, arguments: { item: '${ $item }' } } }

        """);

    private static WorkflowDefinition Jump(int length) => Read(
        """
          - say: { call: tool, with: { tool: s/a, arguments: { left: '${ .left }' } } }
          - again:
              switch:
                - more: { when: '.left > 0', then: say }
                - done: { then: end }

        """);

    private static WorkflowDefinition List(int length) => Read(Repeat(length, "set: { n: '${ (.n // 0) + 1 }' }"));

    private static WorkflowDefinition CallList(int length) => Read(Repeat(length, "call: tool, with: { tool: s/a }"));

    private static string Repeat(int length, string task)
    {
        var text = new StringBuilder();
        for (var i = 0; i < length; i++) text.Append(CultureInfo.InvariantCulture, $"  - t{i}: {{ {task} }}\n");
        return text.ToString();
    }

    private static WorkflowDefinition Read(string tasks)
    {
        const string head =
            """
            document:
              dsl: 1.0.3
              namespace: bench
              name: doc
              version: 1.0.0
              metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } }
            timeout: { after: PT1H }
            do:

            """;
        var result = WorkflowReader.Read(head + tasks, "bench.yaml");
        return result.Definition ?? throw new InvalidOperationException(string.Join("\n", result.Findings));
    }
}
