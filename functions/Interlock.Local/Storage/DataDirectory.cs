using System.Runtime.InteropServices;
using System.Text;

namespace Interlock.Local.Storage;

/// <summary>
/// A data directory held by this process alone, through an exclusive lock on <c>interlock.lock</c> that ends with the process. The
/// directory is created with mode 0700 and files with 0600; an existing directory keeps its mode.
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerDirectory = OwnerFile | UnixFileMode.UserExecute;

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream held) => (Path, _lock) = (path, held);

    public string Path { get; }

    /// <exception cref="DataDirectoryInUseException">Another process, or another holder in this one, has it.</exception>
    public static DataDirectory Hold(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        CreateDirectory(path);
        try
        {
            return new DataDirectory(path, OpenFile(System.IO.Path.Combine(path, "interlock.lock"), FileMode.OpenOrCreate, FileShare.None));
        }
        catch (IOException e) when (IsHeldElsewhere(e))
        {
            throw new DataDirectoryInUseException(path, e);
        }
    }

    /// <summary>The full path of a file in this directory, which exists for its owner alone and durably when this returns.</summary>
    public string PrepareFile(string name)
    {
        var file = System.IO.Path.Combine(Path, name);
        OpenFile(file, FileMode.OpenOrCreate, FileShare.ReadWrite).Dispose();
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, OwnerFile);
        SyncDirectory(Path);
        return file;
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>Creates a directory for its owner alone, and its parents; durable when this returns.</summary>
    public static void CreateDirectory(string path)
    {
        if (Directory.Exists(path)) return;
        var parent = System.IO.Path.GetDirectoryName(path);
        if (parent is not null) CreateDirectory(parent);
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, OwnerDirectory);
        if (parent is not null) SyncDirectory(parent);
    }

    /// <summary>Opens a file for reading and writing; a new one is its owner's alone.</summary>
    public static FileStream OpenFile(string path, FileMode mode, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = share, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerFile;
        return new FileStream(path, options);
    }

    /// <summary>Makes created and renamed entries of a directory durable; Windows keeps them in its journal and needs nothing.</summary>
    public static void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows()) return;
        var descriptor = Native.Open(Encoding.UTF8.GetBytes(path + '\0'), flags: 0);
        if (descriptor < 0) throw Failed("opening", path);
        try
        {
            if (Native.Fsync(descriptor) != 0) throw Failed("syncing", path);
        }
        finally
        {
            _ = Native.Close(descriptor);
        }
    }

    /// <summary>A sharing violation: 32 and 33 on Windows, EWOULDBLOCK elsewhere (11 on Linux, 35 on macOS).</summary>
    private static bool IsHeldElsewhere(IOException e) =>
        OperatingSystem.IsWindows() ? (e.HResult & 0xFFFF) is 32 or 33 : e.HResult is 11 or 35;

    private static IOException Failed(string doing, string path) =>
        new($"{doing} the directory {path} failed: {Marshal.GetLastPInvokeErrorMessage()}. What was written there may not survive a crash.");

    private static class Native
    {
        [DllImport("libc", EntryPoint = "open", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Open(byte[] path, int flags);

        [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Fsync(int descriptor);

        [DllImport("libc", EntryPoint = "close", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Close(int descriptor);
    }
}
