using System.Diagnostics;
using Interlock.Tests.Architecture;

namespace Interlock.Tests.Azure.Infrastructure;

/// <summary>The Bicep grammar from <c>.ci/tools-bicep</c>, run by node. Where it isn't installed tests skip, unless <c>INTERLOCK_TOOLS</c> is <c>required</c>.</summary>
internal static class BicepParser
{
    private static readonly string _tools = Path.Combine(Assemblies.Repository, ".tools", "bicep");

    /// <summary>Every place that can't be parsed, as <c>FILE:LINE:COLUMN: what</c>.</summary>
    public static string[] Errors(IEnumerable<string> files)
    {
        Require();
        var paths = files.ToArray();
        var start = new ProcessStartInfo("node") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(Assemblies.Repository, "tests", "Interlock.Tests", "Azure", "Infrastructure", "parse.mjs"));
        start.ArgumentList.Add(_tools);
        foreach (var path in paths) start.ArgumentList.Add(path);
        using var node = Process.Start(start) ?? throw new InvalidOperationException("node does not start.");
        var errors = node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var lines = node.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        node.WaitForExit();
        Assert.True(node.ExitCode == 0, errors.Result);
        Assert.Equal($"parsed {paths.Length}", lines[^1]);
        return lines[..^1];
    }

    private static void Require()
    {
        if (Directory.Exists(Path.Combine(_tools, "node_modules", "tree-sitter-bicep"))) return;
        if (Environment.GetEnvironmentVariable("INTERLOCK_TOOLS") == "required") Assert.Fail("The Bicep grammar is not installed: run .ci/tools-bicep.");
        Assert.Skip("The Bicep grammar is not installed: run .ci/tools-bicep (it needs node).");
    }
}
