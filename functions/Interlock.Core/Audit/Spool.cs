namespace Interlock.Core.Audit;

/// <summary>A temporary file for what is too large for memory, readable by this process's user only, gone when it is closed.</summary>
internal static class Spool
{
    public static FileStream Open()
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.Asynchronous | FileOptions.DeleteOnClose,
            BufferSize = 64 * 1024,
        };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(Path.Combine(Path.GetTempPath(), "interlock-" + Path.GetRandomFileName()), options);
    }
}
