namespace Interlock.Tests.Storage;

/// <summary>A directory of one test's own, gone after it.</summary>
internal sealed class TempDirectory : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("interlock-").FullName;

    /// <summary>A path below it that does not exist yet.</summary>
    public string Path => System.IO.Path.Combine(_root, "data");

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
