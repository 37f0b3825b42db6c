using System.Diagnostics;

namespace Interlock.Tests.Mcp;

/// <summary>A program of somebody else's, run to its end.</summary>
internal static class OutsideProgram
{
    /// <summary>Node 22, which <c>.ci/tools</c> brings with the conformance suite.</summary>
    public static string Node => Directory.EnumerateDirectories(Path.Combine(Tools.Folder("conformance"), "node_modules"), "node-*").Select(folder => Path.Combine(folder, "bin", "node")).First(File.Exists);

    /// <summary>What it said, complaints last.</summary>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!; // a new process
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(5));
        try
        {
            var (said, complained) = (process.StandardOutput.ReadToEndAsync(patience.Token), process.StandardError.ReadToEndAsync(patience.Token));
            await process.WaitForExitAsync(patience.Token);
            return await said + await complained;
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
