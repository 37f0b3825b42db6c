using System.Diagnostics;
using Interlock.Core.Workflows;
using Interlock.Core.Workflows.Reading;
using Interlock.Json;
using Interlock.Json.Schema;
using Interlock.Tests.Architecture;

namespace Interlock.Tests.Workflows;

/// <summary>The published schema: ours and the DSL's in one document, by our validator and by another one.</summary>
public sealed class WorkflowSchemaTests
{
    private static readonly string[] _samples = [.. Directory.GetFiles(Path.Combine(Assemblies.Repository, "samples", "workflows"), "*.yaml").Order(StringComparer.Ordinal)];

    /// <summary>What the DSL's schema alone lets pass, and what it refuses itself.</summary>
    private static readonly (string Text, bool PassesDsl)[] _mistakes =
    [
        (Documents.Head.Replace("timeout: ", "timeouts: { t: { after: PT1S } }\ntimeout: ", StringComparison.Ordinal) + "  - a: { set: { x: 1 } }", true),
        (Documents.Head + "  - a: { call: approvall, with: { title: x } }", true),
        (Documents.Head + "  - a: { do: [ { b: { try: [ { c: { call: tol, with: {} } } ], catch: {} } } ] }", true),
        (Documents.Head + "  - a: { call: tool, with: { tol: s/t, tool: s/t } }", true),
        (Documents.Head + "  - a: { call: approval, with: { title: t, approvers: [ { groop: g } ], expiresAfter: PT1H } }", true),
        (Documents.Head + "  - a: { set: { x: 1 }, metadata: { interlock: { onEror: fail } } }", true),
        (Documents.Head + "  - a: { call: autonomous, with: { goal: g, planner: p, pool: { tools: [ s/t ] }, limits: { steps: 1 } } }", true),
        (Documents.Head + "  - a: { call: autonomous, with: { goal: g, planner: p, pool: {}, limits: { steps: 1, calls: 1 } } }", true),
        (Documents.Head + "  - a: { call: autonomous, with: { goal: g, planner: p, pool: { tools: [ '*/*' ] }, limits: { steps: 1, calls: 1 } } }", true),
        (Documents.Head + "  - a: { set: { x: 1 }, metadata: { interlock: { lock: x } } }", true),
        (Documents.Head.Replace("onError: fail", "onError: ignore", StringComparison.Ordinal) + "  - a: { set: { x: 1 } }", true),
        (Documents.Head.Replace("version: 1.0.0", "version: one", StringComparison.Ordinal) + "  - a: { set: { x: 1 } }", false),
        (Documents.Head + "  - a: { wait: { weeks: 1 } }", false),
    ];

    [Fact]
    public void Schema_References_LeadIntoItself()
    {
        var references = References(WorkflowCheck.Schema).ToArray();
        Assert.True(references.Length > 200, $"{references.Length} references");
        Assert.All(references, reference => Assert.NotNull(reference.StartsWith("#/", StringComparison.Ordinal) ? JsonPointer.Resolve(WorkflowCheck.Schema, reference[1..]) : null));
    }

    [Fact]
    public void Schema_Samples_Fit()
    {
        var schema = JsonSchema.Compile(WorkflowCheck.Schema);
        Assert.All(_samples, file => Assert.Empty(schema.Validate(YamlReader.Read(File.ReadAllText(file)).Value)));
    }

    [Fact]
    public void Schema_WhatTheDslAloneLetsPass_IsRefused()
    {
        var schema = JsonSchema.Compile(WorkflowCheck.Schema);
        foreach (var (text, passesDsl) in _mistakes)
        {
            var document = YamlReader.Read(text).Value;
            var log = new FindingLog("", SourceMap.None);
            WorkflowSchemas.CheckDsl(document, log);
            Assert.Equal(passesDsl, !log.HasErrors);
            Assert.False(schema.IsValid(document), text);
        }
    }

    /// <summary>A document with functions of its own may call anything by name: the schema can't know them, the check does.</summary>
    [Fact]
    public void Schema_WithFunctions_LeavesTheirNamesToTheCheck()
    {
        var text = Documents.Head.Replace("do:", "use: { functions: { mine: { set: { x: 1 } } } }\ndo:", StringComparison.Ordinal) + "  - a: { call: mine }";
        Assert.True(JsonSchema.Compile(WorkflowCheck.Schema).IsValid(YamlReader.Read(text).Value));
    }

    [Fact]
    public void Schema_UnderAnotherValidator_SaysTheSame()
    {
        var folder = Directory.CreateTempSubdirectory("interlock-schema-").FullName;
        try
        {
            var files = _mistakes.Select((mistake, i) => Written(folder, $"{i}.yaml", mistake.Text)).ToArray();
            var lines = Validate(Written(folder, "schema.json", WorkflowCheck.Schema.ToString()), [.. _samples, .. files]);
            Assert.All(lines[.._samples.Length], line => Assert.Equal("valid", line));
            Assert.All(lines[_samples.Length..], line => Assert.NotEqual("valid", line));
            Assert.Equal(_samples.Length + files.Length, lines.Length);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string[] Validate(string schema, IEnumerable<string> files)
    {
        var start = new ProcessStartInfo(Tools.Program("node")) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[Path.Combine(Assemblies.Repository, "tests", "Interlock.Tests", "Workflows", "validate.mjs"), Tools.Folder("schemas"), schema, .. files])
            start.ArgumentList.Add(argument);
        using var node = Process.Start(start) ?? throw new InvalidOperationException("node does not start.");
        var errors = node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var lines = node.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        node.WaitForExit();
        Assert.True(node.ExitCode == 0, errors.Result);
        return lines;
    }

    private static string Written(string folder, string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static IEnumerable<string> References(JsonValue schema) => schema.Kind switch
    {
        JsonKind.Array => schema.Items.SelectMany(References),
        JsonKind.Object => schema.Members.SelectMany(member => member is { Key: "$ref", Value.IsString: true } ? [member.Value.AsString()] : References(member.Value)),
        _ => [],
    };
}
