using System.CommandLine;
using Interlock.Core.Identity;
using Interlock.Local.Storage;

namespace Interlock.Local.Commands;

/// <summary>
/// <c>interlock restored --data DIR</c>: says that the data directory was restored from a copy. From now on what was approved, issued or signed in before is void,
/// and calls of which no outcome is recorded are in doubt.
/// </summary>
internal static class RestoredCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = "The data directory.", DefaultValueFactory = _ => ".interlock" };
        var command = new Command("restored", "Say that the data directory was restored from a copy: void approvals, sign-ins and tokens from before.") { data };
        command.SetAction(parsed =>
        {
            var folder = parsed.GetValue(data)!; // it has a default
            if (!Directory.Exists(folder))
            {
                Console.Error.WriteLine($"There is no directory {folder}.");
                return Output.Usage;
            }
            using var held = DataDirectory.Hold(folder);
            var incarnation = LocalKeys.Restored(held.Path, TimeProvider.System);
            Console.WriteLine($"interlock: restored as of {incarnation}; approvals, sign-ins and tokens from before are void, and calls without a recorded outcome are in doubt");
            return Output.Ok;
        });
        return command;
    }
}
