using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Tests.Workflows;

/// <summary>Each document has one mistake, and the check gives one finding: that rule, at that line, saying that.</summary>
public sealed class FindingTests
{
    private const string Gate =
        "  - gate: { call: approval, with: { title: t, approvers: [ { group: g } ], expiresAfter: PT1H, covers: [ run ] } }\n";

    private const string Escalating =
        "metadata: { interlock: { onError: escalate, escalate: { approvers: [ { group: g } ], expiresAfter: PT1H, onTimeout: fail } } }";

    private static string Asking(string then, string form = "", string field = "{ type: string }", string covers = "") =>
        $"  - gate: {{ call: approval, with: {{ title: t, approvers: [ {{ group: g }} ], {covers}expiresAfter: PT1H, information: {{ schema: {{ document: {{ type: object, {form}properties: {{ a: {field} }} }} }}, then: {then} }} }} }}";

    public static TheoryData<string, string, int, string> Tasks { get; } = new()
    {
        // What the DSL's schema alone lets pass.
        { "  - a: { call: approvall, with: { title: x } }", "unknown-call", 9, "unknown call 'approvall'" },
        { "  - a:\n      call: tool\n      with:\n        tol: s/t\n        tool: s/t", "schema", 12, "unknown property 'tol'; allowed: tool, version, arguments" },
        { "  - a: { set: { x: 1 }, then: nowhere }", "then-target", 9, "no task named 'nowhere'" },
        { "  - a: { set: { x: 1 }, timeouts: { after: PT1S } }", "schema", 9, "unknown property 'timeouts'" },
        { "  - a: { call: approval, with: { title: t, approvers: [ { groop: g } ], expiresAfter: PT1H } }", "schema", 9, "unknown property 'groop'; allowed: user, group" },
        { "  - a: { call: approval, with: { title: t, approvers: [ { group: g } ], expiresAfter: PT1H, onReject: continue } }", "schema", 9, "must be fail or skip" },
        { "  - a: { call: approval, with: { title: t, approvers: [ { group: g } ] } }", "schema", 9, "expiresAfter" },
        { "  - a: { call: approval, with: { title: t, approvers: [], expiresAfter: PT1H } }", "schema", 9, "" },
        { "  - a: { call: tool, with: { tool: apply } }", "schema", 9, "server/tool" },
        { "  - a: { call: tool, with: { tool: s/t }, metadata: { interlock: { compute: [x] } } }", "schema", 9, "unknown property 'compute'" },
        { "  - a: { set: { x: 1 }, metadata: { interlock: { compensate: { tool: s/t } } } }", "schema", 9, "unknown property 'compensate'" },
        { "  - a: { call: tool }", "schema", 9, "with" },
        { "  - a: { call: tool, with: { arguments: {} } }", "schema", 9, "tool" },
        { "  - a: { call: tool, with: { capability: Mail } }", "schema", 9, "capability" },
        { "  - a: { call: tool, with: { route: r, tool: s/t } }", "schema", 9, "one of tool, capability and route" },
        { "  - a: { call: tool, with: { capability: mail, version: ^1 } }", "schema", 9, "a capability has no versions" },
        { "  - a: 7", "schema", 9, "" },
        { "  - a: { set: { x: 1 }, wait: PT1S }", "schema", 9, "this one has set and wait" },
        { "  - a: { then: end }", "schema", 9, "this one has only then" },
        { "  - a: { set: { x: 1 } }\n    b: { set: { x: 1 } }", "schema", 9, "" },
        { "  - a/b: { set: { x: 1 } }", "schema", 9, "Letters, digits" },
        { "  - exit: { set: { x: 1 } }", "schema", 9, "" },
        { "  - a: { set: { x: 1 } }\n  - a: { set: { x: 2 } }", "reference", 10, "already stands in this list" },
        { "  []", "schema", 8, "" },

        // Kinds of the DSL that are not run.
        { "  - a: { run: { shell: { command: ls } } }", "unsupported", 9, "run: shell" },
        { "  - a: { run: { script: { language: js, code: '1' } } }", "unsupported", 9, "run: script" },
        { "  - a: { run: { container: { image: i } } }", "unsupported", 9, "run: container" },
        { "  - a: { emit: { event: { with: { source: 'https://x.y', type: t, roomId: 1 } } } }", "schema", 9, "lower-case letters" },
        { "  - a: { emit: { event: { with: { source: 'https://x.y', type: t, data: { key: '${ $secrets.key }' } } } } }", "secrets", 9, "$secrets" },
        { "  - a: { listen: { to: { one: { with: { type: t } }, any: [] } } }", "schema", 9, "" },
        { "  - a: { listen: { to: { all: [ { with: { type: t } } ], until: 'true' } } }", "schema", 9, "any" },
        { "  - a: { listen: { to: { any: [], until: { any: [], until: 'true' } } } }", "schema", 9, "" },
        { "  - a: { listen: { to: { one: { with: { type: t } } } }, foreach: { item: x, at: x } }", "reference", 9, "item and at" },
        { "  - a: { call: openapi, with: { document: { endpoint: 'https://x.y' }, operationId: o } }", "unsupported", 9, "call: openapi" },
        { "  - a: { call: asyncapi, with: {} }", "unsupported", 9, "call: asyncapi" },
        { "  - o:\n      do:\n        - i: { run: { shell: { command: x } } }", "unsupported", 11, "run: shell" },

        // Expressions.
        { "  - a:\n      if: '${ .x == }'\n      set: { x: 1 }", "expression", 10, "not a jq expression" },
        { "  - a:\n      set: { x: '${ .x | nosuchfunction }' }", "expression", 10, "not a jq expression" },
        { "  - a:\n      set:\n        x: ok\n        y: '${ $nosuch }'", "expression", 12, "not a jq expression" },
        { "  - a:\n      if: $input.x\n      set: { x: 1 }", "expression", 10, "$input is not there yet" },
        { "  - a:\n      input: { from: $input.x }\n      set: { x: 1 }", "expression", 10, "$input is not there yet" },
        { "  - a:\n      set: { x: '${ $output }' }", "expression", 10, "it may read $context, $input, $task, $workflow, $runtime" },
        { "  - a:\n      set: { x: 1 }\n      output: { as: '$output' }", "expression", 11, "$output" },
        { "  - a:\n      set: { x: '${ $authorization.parameter }' }", "secrets", 10, "$authorization" },
        { "  - a: { set: notAnExpression }", "expression", 9, "set takes an object or one expression" },
        { "  - a: { call: tool, with: { tool: s/t, arguments: text } }", "expression", 9, "arguments are an object" },
        { "  - a:\n      for: { in: .xs }\n      do: [ { b: { set: { y: '${ $item }' } } } ]\n  - c: { set: { y: '${ $item }' } }", "expression", 12, "not a jq expression" },
        { "  - a:\n      try: [ { b: { set: { y: '${ $error }' } } } ]\n      catch: { do: [ { c: { set: { y: '${ $error }' } } } ] }", "expression", 10, "not a jq expression" },
        { "  - a: { set: { x: 'hello ${ .name } there' } }", "expression-literal", 9, "stays as written" },
        { "  - a: { set: { x: $context.y } }", "expression-literal", 9, "wrap it" },
        { "  - a:\n      set: { x: '${ $secrets.key }' }", "secrets", 10, "$secrets" },
        { "  - a:\n      for: { each: context, in: .xs }\n      do: [ { b: { set: { y: 1 } } } ]", "reference", 10, "$context" },

        // Durations and references.
        { "  - a: { wait: P1M }", "duration", 9, "ISO 8601" },
        { "  - a: { wait: soon }", "duration", 9, "ISO 8601" },
        { "  - a: { wait: { weeks: 1 } }", "schema", 9, "unknown property 'weeks'" },
        { "  - a: { set: { x: 1 }, timeout: { after: PT0S } }", "duration", 9, "longer than zero" },
        { "  - a: { set: { x: 1 }, timeout: short }", "reference", 9, "'short' is not defined under use.timeouts" },
        { "  - a: { raise: { error: gone } }", "reference", 9, "'gone' is not defined under use.errors" },
        { "  - a: { try: [ { b: { set: { x: 1 } } } ], catch: { retry: often } }", "reference", 9, "'often' is not defined under use.retries" },
        { "  - a:\n      call: approval\n      with:\n        title: t\n        approvers: [ { group: g } ]\n        expiresAfter: '${ .x }'", "duration", 14, "written out" },
        { "  - a: { set: { x: 1 }, output: { schema: { document: { type: nothing } } } }", "schema", 9, "not a JSON Schema" },
        { "  - a: { set: { x: 1 }, input: { schema: { resource: { endpoint: 'https://x.y' } } } }", "unsupported", 9, "not fetched" },

        // Flow.
        { "  - a:\n      switch:\n        - one: { when: .x, then: end }", "switch-default", 10, "where no case matches, the run fails" },
        { "  - a:\n      switch:\n        - one: { then: end }\n        - two: { then: end }", "switch-default", 12, "second default" },
        { "  - a:\n      switch:\n        - one: { when: .x, then: b }\n        - two: { then: continue }", "then-target", 11, "no task named 'b'" },
        { "  - a: { set: { x: 1 }, then: c }\n  - b: { set: { x: 1 } }\n  - c: { set: { x: 1 } }", "unreachable", 10, "no path leads to 'b'" },
        { "  - a: { raise: { error: { type: 'https://x.y/e', status: 500 } } }\n  - b: { set: { x: 1 } }", "unreachable", 10, "no path leads to 'b'" },
        { "  - a: { raise: { error: { type: 'https://x.y/e', status: 500 } }, metadata: { interlock: { onError: skip } } }\n  - b: { set: { x: 1 } }", "unreachable", 10, "no path leads to 'b'" },
        { "  - a:\n      fork:\n        branches:\n          - b: { set: { x: 1 }, then: c }\n          - c: { set: { x: 1 } }", "then-target", 12, "branch of a fork" },
        { "  - a:\n      do:\n        - b: { set: { x: 1 }, then: c }\n  - c: { set: { x: 1 } }", "then-target", 11, "no task named 'c'" },

        // Gates.
        { "  - gate: { call: approval, with: { title: t, approvers: [ { group: g } ], expiresAfter: PT1H, covers: [ nothing ] } }", "covers", 9, "no task named 'nothing'" },
        { "  - run: { call: tool, with: { tool: s/t } }\n" + Gate, "covers", 10, "comes after the gate" },
        { Gate + "  - run: { set: { x: 1 } }", "covers", 9, "no call of a tool or agent" },
        { Gate + "  - loop:\n      for: { in: .xs }\n      do: [ { run: { call: tool, with: { tool: s/t } } } ]", "covers", 9, "inside the loop 'loop'" },
        { Gate + "  - run:\n      for: { in: .xs }\n      do: [ { x: { call: tool, with: { tool: s/t } } } ]", "covers", 9, "inside the loop 'run'" },
        { Gate + "  - run:\n      listen: { to: { any: [] } }\n      foreach: { do: [ { x: { call: tool, with: { tool: s/t } } } ] }", "covers", 9, "inside the loop 'run'" },
        { Gate + "  - box:\n      do:\n        - hear:\n            listen: { to: { any: [] } }\n            foreach: { do: [ { run: { call: tool, with: { tool: s/t } } } ] }", "covers", 9, "inside the loop 'hear'" },
        { Gate + "  - run: { listen: { to: { any: [] } } }", "covers", 9, "no call of a tool or agent" },
        { Gate + "  - run:\n      do:\n        - loop:\n            for: { in: .xs }\n            do: [ { x: { call: tool, with: { tool: s/t } } } ]", "covers", 9, "inside the loop" },
        { Gate + "  - a: { do: [ { run: { call: tool, with: { tool: s/t } } } ] }\n  - b: { do: [ { run: { call: tool, with: { tool: s/t } } } ] }", "covers", 9, "names 2 tasks" },
        { "  - inner:\n      do:\n" + "    " + Gate.Replace("  - ", "    - ", StringComparison.Ordinal) + "  - run: { call: tool, with: { tool: s/t } }", "covers", 11, "comes after the gate" },
        { "  - f:\n      fork:\n        branches:\n        " + Gate + "          - run: { call: tool, with: { tool: s/t } }", "covers", 12, "comes after the gate" },
        { "  - gate: { call: approval, with: { title: t, approvers: [ { user: a } ], quorum: 2, expiresAfter: PT1H } }", "quorum", 9, "can't be reached" },
        { "  - gate: { call: approval, with: { title: t, approvers: [ { user: a } ], expiresAfter: PT1H, onTimeout: escalate } }", "on-timeout", 9, "needs an escalation" },
        { "  - jump: { set: { x: 1 }, if: .y, then: run }\n" + Gate + "  - run: { call: tool, with: { tool: s/t } }", "covers", 10, "leads around this gate" },
        { Gate.Replace("{ call", "{ if: .y, call", StringComparison.Ordinal) + "  - run: { call: tool, with: { tool: s/t } }", "covers", 9, "skipped by its 'if'" },

        { "  - gate: { call: approval, with: { title: t, approvers: [ { group: g } ], also: [ { approvers: [ { user: a } ] }, { approvers: [ { user: a }, { user: a } ], quorum: 2 } ], expiresAfter: PT1H } }", "quorum", 9, "can't be reached" },
        { "  - gate: { call: approval, with: { title: t, approvers: [ { group: g } ], expiresAfter: PT1H, onTimeout: escalate, escalation: { approvers: [ { group: h } ], also: [ { approvers: [ { user: a } ], quorum: 2 } ], expiresAfter: PT1H, onTimeout: fail } } }", "quorum", 9, "can't be reached" },
        { "  - gate: { call: approval, with: { title: t, approvers: [ { group: g } ], also: [ { group: h } ], expiresAfter: PT1H } }", "schema", 9, "" },
        { "  - gate: { call: approval, with: { title: t, approvers: [ { group: g } ], expiresAfter: PT1H, onMismatch: skip } }", "schema", 9, "must be fail or reopen" },
        { "  - gate: { call: approval, with: { title: t, approvers: [ { group: g } ], expiresAfter: PT1H, onMismatch: reopen } }", "covers", 9, "covers nothing" },

        // Requests for information.
        { "  - a: { set: { x: 1 } }\n" + Asking("nowhere"), "then-target", 10, "no task named 'nowhere'" },
        { Asking("exit"), "then-target", 9, "write its name" },
        { Asking("continue"), "then-target", 9, "write its name" },
        { "  - f:\n      fork:\n        branches:\n        " + Asking("gate"), "then-target", 12, "branch of a fork" },
        { Asking("gate", "required: [ b ], "), "information", 9, "no property 'b'" },
        { Asking("gate", field: "{ type: string, enum: [ x, 1 ] }"), "information", 9, "1 is no string" },
        { Asking("gate", field: "{ type: integer, enum: [ 1.5 ] }"), "information", 9, "1.5 is no integer" },
        { Asking("gate", field: "{ type: object }"), "schema", 9, "must be string or number" },
        { Asking("gate", field: "{ type: string, pattern: x }"), "schema", 9, "unknown property 'pattern'" },
        { Asking("gate", field: "{ enum: [ x ] }"), "schema", 9, "type" },
        { Asking("gate", "additionalProperties: true, "), "schema", 9, "unknown property 'additionalProperties'" },
        { Asking("gate", field: "{ type: string }, 'a b': { type: string }"), "schema", 9, "Letters" },
        { Asking("gate", field: "{ type: string }, " + string.Join(", ", Enumerable.Range(0, 20).Select(i => $"p{i}: {{ type: string }}"))), "schema", 9, "" },
        { Asking("side", covers: "covers: [ run ], ") + "\n  - run: { call: tool, with: { tool: s/t }, then: end }\n  - side: { set: { x: 1 }, then: run }", "covers", 9, "without this gate" },

        // Locks.
        { "  - a: { call: tool, with: { tool: s/t, lock: x }, metadata: { interlock: { lock: { name: y } } } }", "lock", 9, "names a lock already" },
        { "  - a: { set: { x: 1 }, metadata: { interlock: { lock: { name: 'workflow:a/b' } } } }", "lock", 9, "does not begin with 'workflow:'" },
        { "  - a: { call: tool, with: { tool: s/t, lock: \"" + new string('x', 201) + "\" } }", "lock", 9, "1 to 200" },
        { "  - a: { set: { x: 1 }, metadata: { interlock: { lock: { name: x, places: 0 } } } }", "schema", 9, "" },
        { "  - a: { set: { x: 1 }, metadata: { interlock: { lock: { places: 2 } } } }", "schema", 9, "name" },
        { "  - a: { set: { x: 1 }, metadata: { interlock: { lock: { name: '${ $output }' } } } }", "expression", 9, "$output" },
        { "  - a: { set: { x: 1 }, metadata: { interlock: { lock: { name: x, places: 2 } } } }\n  - b: { call: tool, with: { tool: s/t, lock: x } }", "lock", 10, "has 2 places, and 'b' says 1" },
        { "  - a: { do: [ { i: { call: tool, with: { tool: s/t, lock: y } } } ], metadata: { interlock: { lock: { name: x } } } }\n  - b:\n      do: [ { j: { call: tool, with: { tool: s/t, lock: x } } } ]\n      metadata: { interlock: { lock: { name: y } } }", "lock", 11, "'i' the other way round" },
        { "  - a:\n      do:\n        - gate: { call: approval, with: { title: t, approvers: [ { group: g } ], expiresAfter: PT1H } }\n      metadata: { interlock: { lock: { name: x } } }", "lock", 11, "put the gate outside" },

        // Failed steps that escalate.
        { "  - a: { set: { x: 1 }, metadata: { interlock: { onError: escalate } } }", "on-error", 9, "needs an escalate" },
        { "  - a: { call: tool, with: { tool: s/t }, metadata: { interlock: { onTimeout: escalate } } }", "on-timeout", 9, "needs an escalate" },
        { "  - a: { set: { x: 1 }, metadata: { interlock: { onError: escalate, escalate: { approvers: [ { group: g } ], onTimeout: fail } } } }", "schema", 9, "expiresAfter" },
        { "  - a: { set: { x: 1 }, metadata: { interlock: { onError: escalate, escalate: { approvers: [ { group: g } ], expiresAfter: PT1H, onTimeout: escalate } } } }", "schema", 9, "must be fail or skip" },
        { "  - a: { set: { x: 1 }, metadata: { interlock: { onError: escalate, escalate: { approvers: [ { user: g } ], quorum: 2, expiresAfter: PT1H, onTimeout: fail } } } }", "quorum", 9, "can't be reached" },
        { "  - a: { set: { x: 1 }, metadata: { interlock: { onError: escalate, escalate: { approvers: [ { group: g } ], options: [ edit ], expiresAfter: PT1H, onTimeout: fail } } } }", "on-error", 9, "arguments of a call" },
        { "  - a: { call: approval, with: { title: t, approvers: [ { group: g } ], expiresAfter: PT1H }, " + Escalating + " }", "on-error", 9, "an escalation of its own" },
        { "  - a: { raise: { error: { type: 'https://x.y/e', status: 500 } }, " + Escalating + " }", "on-error", 9, "around it" },
        { "  - f:\n      fork:\n        branches:\n          - a: { call: tool, with: { tool: s/t }, " + Escalating + " }", "on-error", 12, "branch of a fork" },
        { Gate + "  - box: { do: [ { run: { call: tool, with: { tool: s/t } } } ], " + Escalating + " }", "retry", 10, "the grant of 'gate', outside of it, is not for the retry" },

        // What is known at the gate.
        { Gate + "  - run:\n      call: tool\n      with:\n        tool: s/t\n        arguments: { x: '${ .y }' }", "computed", 14, "the argument 'x' of 'run' is unknown" },
        { Gate + "  - run: { call: tool, with: { tool: s/t, arguments: '${ .y }' } }", "computed", 10, "the arguments as a whole" },
        { Gate + "  - run: { call: agent, with: { agent: b, input: { deep: [ { er: '${ $input.z }' } ] } } }", "computed", 10, "'deep/0/er'" },
        { Gate + "  - run: { call: tool, with: { tool: s/t, arguments: { x: '${ now }' } } }", "computed", 10, "the time" },
        { Gate + "  - run: { call: tool, with: { tool: s/t, arguments: { x: '${ $task.startedAt }' } } }", "computed", 10, "$task.startedAt" },
        { Gate + "  - other: { set: { x: 1 }, export: { as: '${ $context + { k: .x } }' } }\n  - run: { call: tool, with: { tool: s/t, arguments: { x: '${ $context.k }' } } }", "computed", 11, "$context.k, which a task after 'gate' exports" },
        { Gate + "  - other: { set: { x: 1 }, export: { as: '${ $context + { k: .x } }' } }\n  - run: { call: tool, with: { tool: s/t, arguments: { x: '${ $context }' } } }", "computed", 11, "whole $context" },
        { Gate + "  - other: { set: { x: 1 }, export: { as: '${ . }' } }\n  - run: { call: tool, with: { tool: s/t, arguments: { x: '${ $context.k }' } } }", "computed", 11, "may export" },
        { Gate + "  - other: { set: { x: 1 }, export: { as: { j: 1 } } }\n  - run: { call: tool, with: { tool: s/t, arguments: { x: '${ $context.k }' } } }", "computed", 11, "may export" },
        { Gate + "  - deep: { do: [ { er: { set: { x: 1 }, export: { as: '${ $context + { k: .x } }' } } } ] }\n  - run: { call: tool, with: { tool: s/t, arguments: { x: '${ $context.k }' } } }", "computed", 11, "exports" },
        { Gate + "  - hear:\n      listen: { to: { any: [] } }\n      foreach: { export: { as: '${ $context + { k: . } }' } }\n  - run: { call: tool, with: { tool: s/t, arguments: { x: '${ $context.k }' } } }", "computed", 13, "exports" },
        { Gate + "  - hear:\n      listen: { to: { any: [] } }\n      foreach: { do: [ { er: { set: { x: 1 }, export: { as: '${ $context + { k: .x } }' } } } ] }\n  - run: { call: tool, with: { tool: s/t, arguments: { x: '${ $context.k }' } } }", "computed", 13, "exports" },
        { "  - hear:\n      listen: { to: { any: [] } }\n      foreach:\n        do:\n        " + Gate + "          - run: { call: tool, with: { tool: s/t, arguments: { x: '${ $item.k }', y: '${ .y }' } } }", "computed", 14, "the argument 'y' of 'run' is unknown" },
        { "  - hear:\n      listen: { to: { any: [] } }\n      foreach: { do: [ { x: { set: { y: 1 }, then: nowhere } } ] }", "then-target", 11, "nowhere" },
        { Gate + "  - box:\n      do:\n        - first: { set: { x: 1 }, export: { as: '${ $context + { k: .x } }' } }\n        - run: { call: tool, with: { tool: s/t, arguments: { x: '${ $context.k }' } } }", "computed", 13, "exports" },
        { Gate + "  - run: { call: tool, with: { tool: s/t, arguments: { x: '${ $context.k }' } }, export: { as: '${ $context + { k: .x } }' } }\n  - again: { set: { x: 1 }, if: .more, then: run }", "computed", 10, "exports" },
        { Gate + "  - box:\n      try: [ { first: { set: { x: 1 }, export: { as: '${ $context + { k: .x } }' } } } ]\n      catch: { do: [ { run: { call: tool, with: { tool: s/t, arguments: { x: '${ $context.k }' } } } } ] }", "computed", 12, "exports" },
        { Gate + "  - box:\n      try: [ { a: { set: { x: 1 } } } ]\n      catch: { do: [ { run: { call: tool, with: { tool: s/t, arguments: { x: '${ $error.title }' } } } } ] }", "computed", 12, "$error.title" },
        { Gate.Replace("{ call", "{ export: { as: '${ $context + { k: .decision } }' }, call", StringComparison.Ordinal) + "  - run: { call: tool, with: { tool: s/t, arguments: { x: '${ $context.k }' } } }", "computed", 10, "exports" },
        { Gate + "  - run: { call: tool, with: { tool: s/t, arguments: { x: '${ .y }' } }, metadata: { interlock: { computed: [x, z] } } }", "computed", 10, "has no argument 'z'" },
        { Gate + "  - run: { call: tool, with: { tool: s/t, arguments: { x: 1 } }, metadata: { interlock: { computed: [x] } } }", "computed", 10, "is known when the gate opens" },
        { "  - run: { call: tool, with: { tool: s/t, arguments: { x: '${ .y }' } }, metadata: { interlock: { computed: [x] } } }", "computed", 9, "does nothing" },

        // Retries.
        { "  - a:\n      try:\n        - b: { call: tool, with: { tool: s/t } }\n      catch: { retry: { limit: { attempt: { count: 3 } } } }", "retry", 11, "idempotencyKey" },
        { "  - a:\n      try:\n        - b: { emit: { event: { with: { source: 'https://x.y', type: t } } } }\n      catch: { retry: { limit: { attempt: { count: 3 } } } }", "retry", 11, "another event" },
        { "  - a:\n      try:\n        - b: { run: { workflow: { namespace: n, name: w, version: latest } } }\n      catch: { retry: { limit: { attempt: { count: 3 } } } }", "retry", 11, "another run" },
        { "  - a:\n      try:\n        - gate: { call: approval, with: { title: t, approvers: [ { group: g } ], expiresAfter: PT1H, covers: [ b ] } }\n        - b: { call: agent, with: { agent: x, input: 1 } }\n      catch: { retry: {} }", "retry", 12, "grant of its own" },
    };

    public static TheoryData<string, string, int, string> Heads { get; } = new()
    {
        { "timeout: { after: PT1H }=>timeouts: { after: PT1H }\ntimeout: { after: PT1H }", "schema", 7, "unknown property 'timeouts'; allowed: document, input" },
        { "mode: supervised=>mode: reckless", "schema", 6, "must be supervised or autonomous" },
        { ", onError: fail=>", "on-error", 9, "no onError for a, b; write onError: fail or skip" },
        { ", onTimeout: fail=>", "on-timeout", 9, "no onTimeout for a, b" },
        { "timeout: { after: PT1H }=>#", "on-timeout", 9, "nothing bounds how long a, b may take" },
        { "dsl: 1.0.3=>dsl: 1.1.0", "unsupported", 2, "1.1.0" },
        { "version: 1.0.0=>version: 1.0", "schema", 5, "" },
        { "name: doc=>name: a b", "schema", 4, "" },
        { "onError: fail, =>onError: escalate, ", "on-error", 6, "needs an escalate" },
        { "timeout: { after: PT1H }=>timeout: { after: PT1H, before: PT1H }", "schema", 7, "unknown property 'before'; allowed: after" },
        { "onError: fail, =>onError: fail, concurrency: { limit: 2 }, ", "schema", 6, "key" },
        { "onError: fail, =>onError: fail, concurrency: { key: x, limit: 0 }, ", "schema", 6, "" },
        { "onError: fail, =>onError: fail, concurrency: { key: x, onBusy: wait }, ", "schema", 6, "must be queue or reject or cancelRunning" },
        { "onError: fail, =>onError: fail, concurrency: { key: '${ $task.name }' }, ", "expression", 6, "$task" },
        { "timeout: { after: PT1H }=>{timeout}\nschedule: { cron: '61 * * * *' }", "cron", 8, "no minute" },
        { "timeout: { after: PT1H }=>{timeout}\nschedule: { cron: '0 0 30 2 *' }", "cron", 8, "never comes" },
        { "onError: fail, =>onError: fail, schedule: { windows: [ { from: '12:00', until: '11:00' } ] }, ", "schedule", 6, "ends after it begins" },
        { "onError: fail, =>onError: fail, schedule: { windows: [ { days: [monday] } ] }, ", "schema", 6, "mon" },
        { "timeout: { after: PT1H }=>{timeout}\nschedule: { every: PT1M, after: PT1M }", "unsupported", 8, "one timetable" },
        { "timeout: { after: PT1H }=>{timeout}\nschedule: { every: { milliseconds: 5 } }", "duration", 8, "a second apart" },
        { "timeout: { after: PT1H }=>{timeout}\nschedule: { on: { all: [ { with: { type: t }, correlate: { order: { from: .id } } }, { with: { type: u } } ] } }", "unsupported", 8, "same names" },
        { "timeout: { after: PT1H }=>{timeout}\nschedule: { on: { one: { with: { type: t }, correlate: { order: { from: .id } } } } }", "unsupported", 8, "nothing to correlate" },
        { "timeout: { after: PT1H }=>{timeout}\nschedule: { on: { one: { with: { source: 'https://x.y' } } } }", "schema", 8, "type" },
        { "timeout: { after: PT1H }=>{timeout}\nuse: { authentications: { a: { bearer: { token: x } } } }", "secrets", 8, "never come from documents" },
        { "timeout: { after: PT1H }=>{timeout}\nuse: { catalogs: { c: { endpoint: 'https://x.y' } } }", "unsupported", 8, "use.catalogs" },
        { "timeout: { after: PT1H }=>{timeout}\nuse: { timeouts: { t: { after: never } } }\noutput: { as: '${ $secrets }' }", "secrets", 9, "$secrets" },
        { "timeout: { after: PT1H }=>{timeout}\ninput: { schema: { format: avro, document: {} } }", "unsupported", 8, "avro" },
    };

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Check_OneMistakeInATask_IsOneFinding(string tasks, string rule, int line, string says) => IsOne(Documents.Head + tasks, rule, line, says);

    [Theory]
    [MemberData(nameof(Heads))]
    public void Check_OneMistakeInTheHead_IsOneFinding(string change, string rule, int line, string says)
    {
        var parts = change.Split("=>");
        var to = parts[1].Replace("{timeout}", "timeout: { after: PT1H }", StringComparison.Ordinal);
        Assert.Contains(parts[0], Documents.Head, StringComparison.Ordinal);
        IsOne(Documents.Head.Replace(parts[0], to, StringComparison.Ordinal) + "  - a: { set: { x: 1 } }\n  - b: { set: { x: 2 } }", rule, line, says);
    }

    [Theory]
    [InlineData("  metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } }\ntimeout: { after: PT1H }\n")]
    [InlineData(" { interlock: { mode: supervised, onError: fail, onTimeout: fail } }\ntimeout: { after: PT1H }", " {}")]
    public void Check_DocumentOfTheStandardAlone_LacksActionsAndABound(string left, string instead = "")
    {
        var read = WorkflowReader.Read(Documents.Head.Replace(left, instead, StringComparison.Ordinal) + "  - a: { set: { x: 1 } }\n  - b: { do: [ { c: { set: { x: 1 } } } ] }", "doc.yaml");

        Assert.Equal(["on-error", "on-timeout", "on-timeout"], read.Findings.Select(finding => finding.Rule));
        Assert.Equal(["on-error-on-timeout"], ReadinessReport.For(read).Answers.Where(answer => !answer.Passed).Select(answer => answer.Id));
        Assert.True(StandardDocument.IsAllMissing(read));
        Assert.NotNull(WorkflowReader.FromDocument(StandardDocument.Complete(read.Document!)).Definition); // it was read that far
    }

    [Theory]
    [InlineData("  - a: { set: { x: 1 }, then: nowhere }", "")]
    [InlineData("  - a: { set: { x: 1 } }", "onError: fail, ")]
    public void IsAllMissing_SomethingElseOrNothing_IsFalse(string tasks, string left)
    {
        var read = WorkflowReader.Read((left.Length == 0 ? Documents.Head : Documents.Head.Replace(left, "", StringComparison.Ordinal)) + tasks, "doc.yaml");
        Assert.Equal(left.Length > 0, StandardDocument.IsAllMissing(read));
        Assert.False(StandardDocument.IsAllMissing(Documents.Read("  - a: { set: { x: 1 } }")));
    }

    [Fact]
    public void Check_ExpressionError_HasTheColumnOfTheFault()
    {
        var finding = Assert.Single(Documents.Read("  - a: { set: { x: '${ .a | | .b }' } }").Findings);
        Assert.Equal((9, Documents.Head.Length > 0 ? "  - a: { set: { x: '${ .a | ".Length + 1 : 0), (finding.Line, finding.Column));
        Assert.Equal("/do/0/a/set/x", finding.Pointer);
        Assert.EndsWith($" (column {finding.Column})", finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_ExpressionErrorInABlock_HasTheLineOfTheFault()
    {
        var finding = Assert.Single(Documents.Read("  - a:\n      set:\n        x: |\n          ${\n            .a |\n            | .b\n          }").Findings);
        Assert.Equal(14, finding.Line);
    }

    [Fact]
    public void Finding_ToString_IsFileLineRuleMessage()
    {
        var finding = Assert.Single(Documents.Read("  - a: { set: { x: 1 }, then: nowhere }").Findings);
        Assert.Equal("doc.yaml:9: then-target: no task named 'nowhere' in this list; 'then' takes continue, exit, end or one of: a", finding.ToString());
    }

    [Fact]
    public void FromDocument_SameMistakes_AreFoundWithoutLines()
    {
        var text = Documents.Head + "  - a: { set: { x: '${ | }' }, then: nowhere }";
        var read = WorkflowReader.Read(text, "doc.yaml");
        var stored = WorkflowReader.FromDocument(Assert.IsType<JsonValue>(read.Document));
        Assert.Equal(read.Findings.Select(f => (f.Rule, f.Pointer, f.Message)).Order(), stored.Findings.Select(f => (f.Rule, f.Pointer, f.Message)).Order());
        Assert.All(stored.Findings, finding => Assert.Equal(0, finding.Line));
        Assert.Null(stored.Definition);
    }

    [Theory]
    [InlineData("7")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("document: 1\ndo: 2")]
    [InlineData("do: [ { a: { call: [] } }, 3, { b: { for: 1, do: { x: 1 } } } ]")]
    [InlineData("do: [ { a: { listen: 1, foreach: 2 } }, { b: { emit: [] } }, { c: { run: x } }, { d: { listen: { to: { any: 1, until: {} } }, foreach: { do: {} } } }, { e: { run: [] } } ]")]
    [InlineData("do: [ { a: { try: { x: 1 }, catch: 7 } }, { b: { fork: [] } }, { c: { switch: { } } } ]")]
    public void Read_NothingLikeAWorkflow_IsFindingsAndNoException(string text)
    {
        var result = WorkflowReader.Read(text, "x.yaml");
        Assert.Null(result.Definition);
        Assert.NotEmpty(result.Findings);
        Assert.False(ReadinessReport.For(result).Passed);
    }

    private static void IsOne(string text, string rule, int line, string says)
    {
        var result = WorkflowReader.Read(text, "doc.yaml");
        var finding = Assert.Single(result.Findings);
        Assert.Equal((rule, line), (finding.Rule, finding.Line));
        Assert.Contains(says, finding.Message, StringComparison.Ordinal);
        Assert.Equal(finding.Severity == Severity.Error, result.Definition is null);
        Assert.True(finding.Column >= 1);
    }
}
