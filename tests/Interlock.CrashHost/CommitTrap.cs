using System.Diagnostics;
using System.Runtime.CompilerServices;
using Interlock.Local.Hosting;
using Interlock.Local.Storage;
using SQLitePCL;

namespace Interlock.CrashHost;

/// <summary>
/// Kills this process (SIGKILL) right before a commit of the database becomes durable, or right after it did and before anybody is told. SQLite itself says when:
/// nothing of the program is changed for it. Commits that wrote nothing don't count.
/// </summary>
internal sealed class CommitTrap
{
    private readonly Lock _lock = new();
    private int _left;
    private bool _before;
    private bool _struck;

    private CommitTrap()
    {
    }

    public static async Task<CommitTrap> OnAsync(LocalServices services)
    {
        var trap = new CommitTrap();
        await Database(services).WriteAsync(writer =>
        {
            raw.sqlite3_commit_hook(Connection(writer), _ => trap.Committing(), null);
            raw.sqlite3_profile(Connection(writer), (_, statement, _) => trap.Ran(statement), null);
            return 0;
        });
        return trap;
    }

    /// <summary>The n-th commit from now on, counted from 1.</summary>
    public void Arm(bool before, int at)
    {
        lock (_lock) (_before, _left, _struck) = (before, at, false);
    }

    private int Committing()
    {
        lock (_lock)
        {
            _struck = _left > 0 && --_left == 0;
            if (_struck && _before) Die();
        }
        return 0;
    }

    private void Ran(string statement)
    {
        lock (_lock)
            if (_struck && statement == "COMMIT") Die();
    }

    private static void Die()
    {
        using var self = Process.GetCurrentProcess();
        self.Kill();
        Thread.Sleep(Timeout.Infinite);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_database")]
    private static extern ref SqliteDatabase Database(LocalServices services);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_db")]
    private static extern ref sqlite3 Connection(SqliteReader reader);
}
