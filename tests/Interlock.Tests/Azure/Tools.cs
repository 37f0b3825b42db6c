using Interlock.Tests.Architecture;

namespace Interlock.Tests.Azure;

/// <summary>
/// What <c>.ci/tools</c> installs in the ignored folder <c>.tools/</c>. A test that asks for what is absent is skipped, or fails where
/// <c>INTERLOCK_TOOLS=required</c>.
/// </summary>
internal static class Tools
{
    private const string Install = "run .ci/tools, which needs node and npm";

    /// <summary>The folder of an npm tool, with its <c>node_modules</c>.</summary>
    public static string Folder(string name)
    {
        var folder = Path.Combine(Assemblies.Repository, ".tools", name);
        return Directory.Exists(Path.Combine(folder, "node_modules")) ? folder : throw Absent($".tools/{name} is not installed: {Install}");
    }

    /// <summary>The <c>node</c> of the path.</summary>
    public static string Node()
    {
        var name = OperatingSystem.IsWindows() ? "node.exe" : "node";
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists) ?? throw Absent($"node is not on the path: {Install}");
    }

    private static Exception Absent(string reason)
    {
        if (Environment.GetEnvironmentVariable("INTERLOCK_TOOLS") == "required") Assert.Fail(reason);
        Assert.Skip(reason);
        return new InvalidOperationException(reason); // neither returns
    }
}
