using System.CommandLine;
using Interlock.Core;
using Interlock.Core.Registry;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Local.Hosting;
using Interlock.Local.Storage;

namespace Interlock.Local.Commands;

/// <summary>
/// <c>interlock check FILE… [--json] [--data DIR]</c>: every finding as <c>FILE:LINE: rule: message</c>, then each document's path and readiness report; <c>--schema</c> prints
/// the schema of documents instead. Exit 0 when all are ready, 1 when one is not, 2 for a wrong command line.
/// </summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "Workflow documents, YAML or JSON.", Arity = ArgumentArity.ZeroOrMore };
        var json = new Option<bool>("--json") { Description = "Print a JSON array with the findings and the report of each document." };
        var data = new Option<string?>("--data") { Description = "A data directory that no host has open: what documents call must be in its registry." };
        var schema = new Option<bool>("--schema") { Description = "Print the JSON Schema of documents, for editors." };
        var command = new Command("check", "Check workflow documents as publishing would, and report on their readiness.") { files, json, data, schema };
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(schema)) return Schema();
            if (parsed.GetValue(files)?.FirstOrDefault(OptionText.IsOne) is { } unknown) return Usage(OptionText.Unknown(unknown));
            if (parsed.GetValue(files) is not [_, ..] named) return Usage("Name a document, or say --schema.");
            var directory = parsed.GetValue(data);
            if (directory is not null && !File.Exists(Path.Combine(directory, "interlock.db"))) return Usage($"'{Output.Plain(directory)}' is no data directory.");
            var registry = directory is null ? null : await RegistryAsync(directory, cancellation);
            var reads = named.Select(file => Read(file, registry)).ToArray();
            if (parsed.GetValue(json)) Output.Json(Console.Out, JsonValue.Array(reads.Select(ToJson)));
            else foreach (var read in reads) Print(read, isCompared: registry is not null);
            return reads.All(IsReady) ? Output.Ok : Output.Failed;
        });
        return command;
    }

    private static async Task<RegistrySnapshot> RegistryAsync(string directory, CancellationToken cancellationToken)
    {
        await using var database = SqliteDatabase.Open(directory);
        return await new RegistryStore(new SqliteTableStore(database)).ReadAsync(new TenantId(LocalOptions.Tenant), cancellationToken);
    }

    private static WorkflowReadResult Read(string file, RegistrySnapshot? registry)
    {
        if (!File.Exists(file)) return WorkflowReadResult.Unread(new Finding(file, 0, 0, "", Severity.Error, "file", "There is no such file."));
        var read = WorkflowReader.Read(File.ReadAllText(file), file);
        return registry is null ? read : KnownTargets.Compare(read, registry, Severity.Error);
    }

    private static bool IsReady(WorkflowReadResult read) => ReadinessReport.For(read).Passed;

    private static JsonValue ToJson(WorkflowReadResult read)
    {
        var report = ReadinessReport.For(read);
        return JsonValue.Object(
            ("file", report.File), ("ready", report.Passed), ("findings", JsonValue.Array(read.Findings.Select(finding => finding.ToJson()))), ("readiness", report.ToJson()));
    }

    private static void Print(WorkflowReadResult read, bool isCompared)
    {
        var report = ReadinessReport.For(read);
        foreach (var finding in read.Findings) Line(finding.ToString());
        Line($"{report.File}: {(report.Passed ? "ready" : "not ready")}{(isCompared ? "" : "; whether what it calls is registered was not asked (--data DIR)")}");
        if (report.Path.Count > 0) Line("  path, in order unless a step says where it goes on:");
        foreach (var step in report.Path) Steps(step, "    ");
        foreach (var answer in report.Answers)
        {
            Line($"  {(answer.Passed ? "passed" : "failed")}  {answer.Id}: {answer.Question}");
            foreach (var one in answer.Evidence) Line($"    {report.File}:{one.Line}: {(one.Failed ? "failed: " : "")}{one.Reason}");
        }
    }

    private static void Steps(PathStep step, string indent)
    {
        Line($"{indent}{step.Name} (line {step.Line}): {step.Does}");
        foreach (var inner in step.Steps) Steps(inner, indent + "  ");
    }

    private static int Schema()
    {
        Output.Json(Console.Out, WorkflowCheck.Schema);
        return Output.Ok;
    }

    private static void Line(string text) => Console.WriteLine(Output.Plain(text));

    private static int Usage(string text)
    {
        Console.Error.WriteLine(text);
        return Output.Usage;
    }
}
