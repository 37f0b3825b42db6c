using System.CommandLine;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Local.Commands;

/// <summary><c>interlock check FILE [--json]</c>: every finding as <c>FILE:LINE: rule: message</c>; exit 0 without errors, else 1.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "Workflow documents, YAML or JSON.", Arity = ArgumentArity.OneOrMore };
        var json = new Option<bool>("--json") { Description = "Print the findings as a JSON array." };
        var command = new Command("check", "Check workflow documents as publishing would.") { files, json };
        command.SetAction(parsed => Run(parsed.GetValue(files) ?? [], parsed.GetValue(json)));
        return command;
    }

    private static int Run(IReadOnlyList<string> files, bool json)
    {
        var findings = new List<Finding>();
        foreach (var file in files)
        {
            if (!File.Exists(file)) findings.Add(new Finding(file, 0, 0, "", Severity.Error, "file", "There is no such file."));
            else findings.AddRange(WorkflowCheck.Check(File.ReadAllText(file), file));
        }
        if (json) Output.Json(Console.Out, JsonValue.Array(findings.Select(ToJson)));
        else foreach (var finding in findings) Console.WriteLine(Output.Plain(finding.ToString()));
        return findings.Any(finding => finding.Severity == Severity.Error) ? Output.Failed : Output.Ok;
    }

    private static JsonValue ToJson(Finding finding) => JsonValue.Object(
        ("file", finding.File), ("line", finding.Line), ("column", finding.Column), ("pointer", finding.Pointer),
        ("severity", finding.Severity.ToString().ToLowerInvariant()), ("rule", finding.Rule), ("message", finding.Message));
}
