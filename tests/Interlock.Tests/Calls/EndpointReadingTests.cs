using Interlock.Core.Workflows;
using Interlock.Tests.Workflows;

namespace Interlock.Tests.Calls;

/// <summary>What of the DSL's calls, functions and authentications is taken, and what is refused before anything runs.</summary>
public sealed class EndpointReadingTests
{
    private const string Get = "call: http, with: { method: get, endpoint: 'https://x.y/a' }";

    public static TheoryData<string, string, string, string> Refused => new()
    {
        // Tasks, what stands under use, the rule, a part of what is said.
        { "a: { call: http, with: { method: trace, endpoint: 'https://x.y' } }", "", "unsupported", "one of get, head" },
        { "a: { call: http, with: { method: get, endpoint: 'https://u:p@x.y' } }", "", "endpoint", "user names" },
        { "a: { call: http, with: { method: get, endpoint: 'https://x.y/../z' } }", "", "endpoint", "dot segment" },
        { "a: { call: http, with: { method: get, endpoint: 'https://x.y/{+path}' } }", "", "endpoint", "in braces" },
        { "a: { call: http, with: { method: get, endpoint: 'https://x.y/{a' } }", "", "endpoint", "in braces" },
        { "a: { call: http, with: { method: get, endpoint: 'https://x.y/a b' } }", "", "endpoint", "percent-encode" },
        { "a: { call: http, with: { method: get, endpoint: 'https://x.y', headers: { Authorization: x } } }", "", "header", "can't be set" },
        { "a: { call: http, with: { method: get, endpoint: 'https://x.y', headers: { HOST: x } } }", "", "header", "can't be set" },
        { "a: { call: http, with: { method: get, endpoint: 'https://x.y', headers: { X-A: \"a\\r\\nb: c\" } } }", "", "header", "visible ASCII" },
        { "a: { call: http, with: { method: get, endpoint: { uri: 'https://x.y', authentication: { bearer: { token: t } } } } }", "", "secrets", "never come from documents" },
        { "a: { call: http, with: { method: get, endpoint: { uri: 'https://x.y', authentication: { basic: { username: u, password: '${ $secrets.p }' } } } } }", "secrets: [p]", "secrets", "never come from documents" },
        { "a: { call: http, with: { method: get, endpoint: { uri: 'https://x.y', authentication: { use: nobody } } } }", "", "reference", "use.authentications" },
        { "a: { call: http, with: { method: get, endpoint: { uri: 'https://x.y', authentication: { bearer: { use: s } } } } }", "", "reference", "use.secrets" },
        { "a: { call: http, with: { method: get, endpoint: { uri: 'https://x.y', authentication: { bearer: { use: Capital } } } } }", "secrets: [Capital]", "reference", "lower-case" },
        { "a: { call: http, with: { method: get, endpoint: { uri: 'https://x.y', authentication: { digest: { use: s } } } } }", "secrets: [s]", "unsupported", "not spoken" },
        { "a: { call: http, with: { method: get, endpoint: 'https://x.y', body: '${ $secrets.key }' } }", "secrets: [key]", "secrets", "$secrets" },
        { "a: { call: http, with: { method: get, uri: 'https://x.y' } }", "", "schema", "endpoint" },
        { "a: { call: mcp, with: { method: tools/call, parameters: { name: t }, transport: { stdio: { command: npx } } } }", "", "stdio-operator-only", "never from a document" },
        { "a: { call: mcp, with: { method: tools/list, transport: { http: { endpoint: 'https://x.y' } } } }", "", "unsupported", "tools/list" },
        { "a: { call: mcp, with: { method: tools/call, parameters: { name: '${ .t }' }, transport: { http: { endpoint: 'https://x.y' } } } }", "", "endpoint", "written out" },
        { "a: { call: mcp, with: { method: tools/call, parameters: { name: t, _meta: {} }, transport: { http: { endpoint: 'https://x.y' } } } }", "", "unsupported", "'_meta'" },
        { "a: { call: mcp, with: { method: tools/call, parameters: { name: t }, transport: { http: { endpoint: '${ .e }' } } } }", "", "endpoint", "written out" },
        { "a: { call: mcp, with: { method: tools/call, parameters: { name: t }, timeout: PT1S, transport: { http: { endpoint: 'https://x.y' } } } }", "", "unsupported", "task's own timeout" },
        { "a: { call: mcp, with: { method: tools/call, parameters: { name: t }, transport: { http: { endpoint: 'https://x.y', headers: { a: b } } } } }", "", "unsupported", "registration's" },
        { "a: { call: mcp, with: { method: tools/call, parameters: { name: t }, transport: { http: { endpoint: 'https://x.y?key=1' } } } }", "", "endpoint", "without a query" },
        { "a: { call: a2a, with: { method: tasks/get, server: 'https://x.y' } }", "", "unsupported", "tasks/get" },
        { "a: { call: a2a, with: { method: message/send, parameters: { message: { parts: [] } } } }", "", "endpoint", "agentCard" },
        { "a: { call: a2a, with: { method: message/send, server: 'https://x.y', parameters: { message: { parts: [], taskId: x } } } }", "", "unsupported", "'taskId'" },
        { "a: { call: a2a, with: { method: message/send, server: 'https://x.y', parameters: { message: { parts: [] }, configuration: {} } } }", "", "unsupported", "'configuration'" },
        { "a: { call: grpc, with: { proto: { endpoint: 'https://x.y' }, service: { name: s, host: h }, method: m } }", "", "unsupported", "gRPC is not spoken" },
        { "a: { call: 'log:1.0.0@default', with: {} }", "", "unsupported", "catalogs" },
        { "a: { call: 'https://x.y/function.yaml', with: {} }", "", "unsupported", "catalogs" },
        { "a: { call: nobody, with: {} }", "functions: { f: { set: { x: 1 } } }", "unknown-call", "(f)" },
        { "a: { set: { x: 1 } }", "functions: { http: { set: { x: 1 } } }", "reference", "another name" },
        { "a: { call: f }", "functions: { f: { call: g }, g: { call: f } }", "reference", "f → g → f" },
        { "a: { call: f }", "functions: { f: { call: nobody } }", "unknown-call", "nobody" },
        { "a: { call: f }", "functions: { f: { call: http, with: { method: get, endpoint: 'nope' } } }", "endpoint", "no absolute" },
        { "a: { set: { x: 1 } }", "extensions: [ { e: { extend: all } } ]", "unsupported", "use.extensions" },
        { "a: { set: { x: 1 } }", "catalogs: { c: { endpoint: 'https://x.y' } }", "unsupported", "use.catalogs" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Read_WhatIsNotCalled_IsOneError(string task, string use, string rule, string says)
    {
        var error = Assert.Single(Read($"  - {task}", use).Findings, finding => finding.Severity == Severity.Error);
        Assert.Equal(rule, error.Rule);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_FunctionsThatMultiply_AreBounded()
    {
        var functions = string.Join(", ", Enumerable.Range(0, 12).Select(i => $"f{i}: {{ do: [ {{ a: {{ call: f{i + 1} }} }}, {{ b: {{ call: f{i + 1} }} }} ] }}")) + ", f12: { set: { x: 1 } }";
        var error = Assert.Single(Read("  - a: { call: f0 }", $"functions: {{ {functions} }}").Findings, finding => finding.Severity == Severity.Error);
        Assert.Contains("1,000 tasks", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Function_StandsInItsCallsPlace()
    {
        var read = Read("  - a: { call: f, with: { id: 7 }, timeout: { after: PT1M } }", $"functions: {{ f: {{ {Get} }} }}");
        Assert.Empty(read.Findings);
        var block = Assert.IsType<DoTask>(read.Definition?.Task(new("/do/0/a")));
        Assert.NotNull(block.Timeout);
        Assert.Equal(["/do/0/a/do/0/with", "/do/0/a/do/1/f"], block.Tasks.Tasks.Select(task => task.Path.Value));
        Assert.Equal("http:GET", Assert.IsType<ToolTask>(block.Tasks.Tasks[1]).Target);
        Assert.Contains(ReadinessReport.For(read).Answers.Single(answer => answer.Id == "pools").Evidence, one => one.Reason.EndsWith("GET https://x.y/a", StringComparison.Ordinal));
    }

    [Fact]
    public void Read_FunctionInALoop_SeesNoVariableOfTheCaller()
    {
        var read = Read("  - a: { for: { in: '${ [1] }', each: n }, do: [ { b: { call: f, with: { n: '${ $n }' } } } ] }", "functions: { f: { set: { x: '${ $n }' } } }");
        Assert.Equal("expression", Assert.Single(read.Findings).Rule);
    }

    [Fact]
    public void Read_CoveredEndpoint_MustBeKnownAtTheGate()
    {
        const string Gate = "  - ask: { call: approval, with: { title: t, approvers: [ { group: g } ], covers: [a], expiresAfter: PT1M } }\n";
        var computed = Read(Gate + "  - a: { call: http, with: { method: post, endpoint: 'https://x.y/{id}' }, metadata: { interlock: { computed: [endpoint] } } }", "");
        Assert.Contains(computed.Findings, finding => finding is { Severity: Severity.Error, Rule: "computed" } && finding.Message.Contains("can't be unknown", StringComparison.Ordinal));
        var unknown = Read(Gate + "  - a: { call: http, with: { method: post, endpoint: 'https://x.y/{id}' } }", "");
        Assert.Contains(unknown.Findings, finding => finding is { Severity: Severity.Error, Rule: "computed" });
        var known = Read(Gate + "  - a: { call: http, with: { method: post, endpoint: '${ \"https://x.y/\\($workflow.input.id)\" }', body: '${ . }' }, metadata: { interlock: { computed: [body] } } }", "");
        Assert.Empty(known.Findings);
    }

    [Fact]
    public void Read_Metadata_SaysWhatTheCallLacks()
    {
        var read = Read(
            "  - a: { call: http, with: { method: post, endpoint: 'https://x.y/a' }, metadata: { interlock: { idempotencyKey: k, onInDoubt: retry, compensate: { tool: x/DELETE, arguments: { path: /a } } } } }", "");
        Assert.Empty(read.Findings);
        var call = Assert.IsType<ToolTask>(read.Definition?.Task(new("/do/0/a")));
        Assert.Equal((InDoubtAction.Retry, "x/DELETE"), (call.OnInDoubt, call.Compensate?.Tool));
        Assert.NotNull(call.IdempotencyKey);
    }

    private static WorkflowReadResult Read(string tasks, string use) =>
        WorkflowReader.Read(Documents.Head.Replace("do:\n", use.Length == 0 ? "do:\n" : $"use: {{ {use} }}\ndo:\n", StringComparison.Ordinal) + tasks, "doc.yaml");
}
