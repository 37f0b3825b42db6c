using Interlock.Tests.Architecture;

namespace Interlock.Tests;

/// <summary>
/// What <c>.ci/tools</c> installs: npm tools in the ignored folder <c>.tools/</c>, programs on the path. A test that asks for what is absent is
/// skipped, or fails where <c>INTERLOCK_TOOLS=required</c>.
/// </summary>
internal static class Tools
{
    private const string Install = "run .ci/tools";

    /// <summary>The folder of an npm tool, with its <c>node_modules</c>.</summary>
    public static string Folder(string name)
    {
        var folder = Path.Combine(Assemblies.Repository, ".tools", name);
        return Directory.Exists(Path.Combine(folder, "node_modules")) ? folder : throw Absent($".tools/{name} is not installed: {Install}, which needs node and npm");
    }

    /// <summary>A program of the path.</summary>
    public static string Program(string name)
    {
        var file = OperatingSystem.IsWindows() ? name + ".exe" : name;
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists) ?? throw Absent($"{name} is not on the path: {Install}");
    }

    private static InvalidOperationException Absent(string reason)
    {
        if (Environment.GetEnvironmentVariable("INTERLOCK_TOOLS") == "required") Assert.Fail(reason);
        Assert.Skip(reason);
        return new InvalidOperationException(reason); // neither returns
    }
}
