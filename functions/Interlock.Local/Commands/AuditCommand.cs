using System.CommandLine;
using System.Globalization;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Audit.Checkpoints;
using Interlock.Core.Identity;
using Interlock.Http.Audit;
using Interlock.Json;
using Interlock.Local.Hosting;
using Interlock.Local.Storage;
using Microsoft.Extensions.Logging;

namespace Interlock.Local.Commands;

/// <summary>
/// <c>interlock audit verify [FILE] | --data DIR [--anchor DIR --key FILE --since NUMBER --tenant ID]</c>, <c>audit export --data DIR</c>, <c>audit checkpoint --data DIR --archive DIR</c> and
/// <c>audit key --data DIR</c>.
/// </summary>
internal static class AuditCommand
{
    public static Command Create()
    {
        var command = new Command("audit", "Verify or export the audit trail.");
        command.Subcommands.Add(Verify());
        command.Subcommands.Add(Export());
        command.Subcommands.Add(Checkpoint());
        command.Subcommands.Add(Key());
        return command;
    }

    /// <summary>Whether a folder lies in another, or is it.</summary>
    public static bool IsInside(string folder, string other)
    {
        var relative = Path.GetRelativePath(Path.GetFullPath(other), Path.GetFullPath(folder));
        return relative == "." || !(Path.IsPathRooted(relative) || relative == ".." || relative.StartsWith(".." + Path.DirectorySeparatorChar, StringComparison.Ordinal));
    }

    private static Command Verify()
    {
        var file = new Argument<string?>("FILE") { Description = "An export (JSON Lines).", Arity = ArgumentArity.ZeroOrOne };
        var data = new Option<string?>("--data") { Description = "Verify the store of this data directory instead." };
        var anchor = new Option<string?>("--anchor") { Description = "The folder of an archive: its checkpoints must agree." };
        var key = new Option<string?>("--key") { Description = "A file with the public key, as 'audit key' prints it: each checkpoint must be signed by it." };
        var since = new Option<long>("--since") { Description = "The number of a checkpoint that is known to exist: fewer are a finding.", DefaultValueFactory = _ => 1 };
        var whose = new Option<string>("--tenant") { Description = "Whose checkpoints of --anchor: of an export from Azure the tenant that it names.", DefaultValueFactory = _ => LocalOptions.Tenant };
        var command = new Command("verify", "Check every hash chain; name what was edited, deleted, inserted, reordered or cut off.") { file, data, anchor, key, since, whose };
        command.SetAction(async (parsed, cancellation) =>
        {
            if ((parsed.GetValue(file), parsed.GetValue(data)) is not ((null, { }) or ({ }, null))) return Usage("Name an export file, or a data directory with --data.");
            if (parsed.GetValue(anchor) is null && (parsed.GetValue(key) is not null || parsed.GetValue(since) > 1)) return Usage("--key and --since are about the checkpoints of --anchor.");
            if (parsed.GetValue(anchor) is { } folder && !Directory.Exists(folder)) return Usage($"There is no folder '{Output.Plain(folder)}'.");
            if (ReadKeys(parsed.GetValue(key)) is not { } keys) return Usage("--key takes a file with a JWK on P-256, or a JSON array of them, as 'audit key' prints it.");
            var tenant = new TenantId(parsed.GetRequiredValue(whose));
            var held = parsed.GetValue(anchor) is { } archive ? await AuditAnchor.ReadAsync(new FileArchive(archive).CheckpointsAsync(tenant), keys, parsed.GetValue(since), cancellation) : null;
            if (parsed.GetValue(data) is { } directory)
            {
                await using var database = SqliteDatabase.Open(directory);
                return Report(await AuditVerifier.VerifyStoreAsync(new SqliteTableStore(database), new TenantId(LocalOptions.Tenant), held, cancellation));
            }
            var path = parsed.GetValue(file)!; // one of the two is set
            if (!File.Exists(path)) return Usage($"There is no file '{Output.Plain(path)}'.");
            await using var export = File.OpenRead(path);
            return Report(await AuditVerifier.VerifyExportAsync(export, held, cancellation));
        });
        return command;
    }

    private static Command Checkpoint()
    {
        var data = new Option<string>("--data") { Description = "A data directory that no host has open; a host does the same by itself with serve --archive.", Required = true };
        var archive = new Option<string>("--archive") { Description = "The folder outside it where finished chains and the checkpoint go.", Required = true };
        var command = new Command("checkpoint", "Copy finished chains of the audit to an archive, and sign a checkpoint of the others there.") { data, archive };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (directory, folder) = (parsed.GetRequiredValue(data), parsed.GetRequiredValue(archive));
            if (!File.Exists(Path.Combine(directory, "interlock.db"))) return Usage($"'{Output.Plain(directory)}' is no data directory.");
            if (IsInside(folder, directory)) return Usage("--archive takes a folder outside the data directory.");
            using var loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Warning));
            await using var services = await LocalServices.OpenAsync(new LocalOptions(directory), loggers, TimeProvider.System, cancellation);
            using var key = CheckpointKey.FromPem(services.Keys.CheckpointPem);
            var pass = await services.ArchiveIn(folder, key).RunAsync(new TenantId(LocalOptions.Tenant), cancellation);
            ArchiveLog.Write(loggers.CreateLogger<AuditArchive>(), pass);
            Console.WriteLine(pass.Heads is { } number
                ? string.Create(CultureInfo.InvariantCulture, $"audit: checkpoint {number} of {pass.Exported + pass.Open} chains, {pass.Exported} of them finished and copied; signed by {key.Kid}")
                : "audit: nothing is left to be anchored");
            return pass.Failed.Count == 0 ? Output.Ok : Output.Failed;
        });
        return command;
    }

    private static Command Key()
    {
        var data = new Option<string>("--data") { Description = "The data directory.", Required = true };
        var command = new Command("key", "Print the public key that checkpoints of this installation are signed with; keep it where the installation's keeper can't change it.") { data };
        command.SetAction(parsed =>
        {
            if (!Directory.Exists(Path.Combine(parsed.GetRequiredValue(data), "keys"))) return Usage($"'{Output.Plain(parsed.GetRequiredValue(data))}' is no data directory.");
            using var keys = LocalKeys.Open(parsed.GetRequiredValue(data), TimeProvider.System);
            using var key = CheckpointKey.FromPem(keys.CheckpointPem);
            Output.Json(Console.Out, key.Jwk);
            return Output.Ok;
        });
        return command;
    }

    private static Command Export()
    {
        var data = new Option<string>("--data") { Description = "The data directory.", Required = true };
        var command = new Command("export", "Write everything recorded as JSON Lines to stdout.") { data };
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var database = SqliteDatabase.Open(parsed.GetRequiredValue(data));
            await using var output = Console.OpenStandardOutput();
            await new AuditLog(new SqliteTableStore(database)).ExportAsync(new TenantId(LocalOptions.Tenant), output, cancellation);
            return Output.Ok;
        });
        return command;
    }

    /// <summary>Prints the verification and gives the exit code.</summary>
    public static int Report(AuditVerification result)
    {
        foreach (var finding in result.Findings)
            Console.WriteLine(Output.Plain($"{finding.Chain}#{finding.Seq.ToString(CultureInfo.InvariantCulture)}: {finding.Kind.ToString().ToLowerInvariant()}: {finding.Detail}"));
        if (!result.IsIntact)
        {
            Console.WriteLine($"audit: {result.FindingCount} findings in {result.Records} records");
            return Output.Failed;
        }
        Console.WriteLine($"audit: verified {result.Records} records in {result.Chains} chains");
        Console.WriteLine(result.Anchor is { } anchor ? Anchored(anchor) : result.TruncationExcluded
            ? "Within this export nothing was cut off. Without an outside checkpoint a rollback of the whole store can't be excluded."
            : "Cutting off the newest records, or rolling the whole store back, can't be excluded without an export's closing line or an outside checkpoint.");
        return Output.Ok;
    }

    private static string Anchored(AuditAnchor anchor) => string.Create(CultureInfo.InvariantCulture, $"Nothing recorded before checkpoint {anchor.Number} ({anchor.At}) is missing or was changed since")
        + (anchor.IsSigned ? "; each checkpoint is signed by the key given. What was recorded after it can still have been cut off." : ", if the checkpoints are genuine: no --key was given to tell. What was recorded after it can still have been cut off.");

    private static List<SigningKey>? ReadKeys(string? file)
    {
        if (file is null) return [];
        try
        {
            var json = StrictJson.Parse(File.ReadAllBytes(file));
            var keys = (json.IsArray ? json.Items : (IEnumerable<JsonValue>)[json]).Select(SigningKey.FromJwk).ToList();
            return keys.Count == 0 || keys.Contains(null) ? null : [.. keys.Select(key => key!)]; // just looked
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotIJsonException)
        {
            return null;
        }
    }

    private static int Usage(string text)
    {
        Console.Error.WriteLine(text);
        return Output.Usage;
    }
}
