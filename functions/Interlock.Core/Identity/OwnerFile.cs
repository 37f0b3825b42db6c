namespace Interlock.Core.Identity;

/// <summary>Files that hold secrets: nobody but their owner may read them, and they are made so.</summary>
public static class OwnerFile
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The file's bytes, or null when there is none.</summary>
    public static byte[]? Read(string path)
    {
        if (!File.Exists(path)) return null;
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~Owner) != 0) File.SetUnixFileMode(path, Owner);
        return File.ReadAllBytes(path);
    }

    /// <summary>Puts a new file in the place of the old one, whole or not at all.</summary>
    public static void Write(string path, byte[] content)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = Owner;
        var unfinished = path + ".new";
        File.Delete(unfinished);
        using (var file = new FileStream(unfinished, options))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }
        File.Move(unfinished, path, overwrite: true);
    }
}
