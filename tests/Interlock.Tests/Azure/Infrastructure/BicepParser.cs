using System.Diagnostics;
using Interlock.Tests.Architecture;

namespace Interlock.Tests.Azure.Infrastructure;

/// <summary>The Bicep grammar of npm, run by node.</summary>
internal static class BicepParser
{
    /// <summary>Every place that can't be parsed, as <c>FILE:LINE:COLUMN: what</c>.</summary>
    public static string[] Errors(IEnumerable<string> files)
    {
        var grammar = Tools.Folder("bicep");
        var paths = files.ToArray();
        var start = new ProcessStartInfo(Tools.Program("node")) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(Assemblies.Repository, "tests", "Interlock.Tests", "Azure", "Infrastructure", "parse.mjs"));
        start.ArgumentList.Add(grammar);
        foreach (var path in paths) start.ArgumentList.Add(path);
        using var node = Process.Start(start) ?? throw new InvalidOperationException("node does not start.");
        var errors = node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var lines = node.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        node.WaitForExit();
        Assert.True(node.ExitCode == 0, errors.Result);
        Assert.Equal($"parsed {paths.Length}", lines[^1]);
        return lines[..^1];
    }
}
