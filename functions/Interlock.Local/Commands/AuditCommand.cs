using System.CommandLine;
using System.Globalization;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Local.Hosting;
using Interlock.Local.Storage;

namespace Interlock.Local.Commands;

/// <summary><c>interlock audit verify [FILE] | --data DIR</c> and <c>audit export --data DIR</c>.</summary>
internal static class AuditCommand
{
    public static Command Create()
    {
        var command = new Command("audit", "Verify or export the audit trail.");
        command.Subcommands.Add(Verify());
        command.Subcommands.Add(Export());
        return command;
    }

    private static Command Verify()
    {
        var file = new Argument<string?>("FILE") { Description = "An export (JSON Lines).", Arity = ArgumentArity.ZeroOrOne };
        var data = new Option<string?>("--data") { Description = "Verify the store of this data directory instead." };
        var command = new Command("verify", "Check every hash chain; name what was edited, deleted, inserted, reordered or cut off.") { file, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            if ((parsed.GetValue(file), parsed.GetValue(data)) is not ((null, { }) or ({ }, null)))
            {
                await Console.Error.WriteLineAsync("Name an export file, or a data directory with --data.");
                return Output.Usage;
            }
            if (parsed.GetValue(data) is { } directory)
            {
                await using var database = SqliteDatabase.Open(directory);
                return Report(await AuditVerifier.VerifyStoreAsync(new SqliteTableStore(database), new TenantId(LocalOptions.Tenant), cancellation));
            }
            var path = parsed.GetValue(file)!; // one of the two is set
            if (!File.Exists(path))
            {
                await Console.Error.WriteLineAsync($"There is no file '{path}'.");
                return Output.Usage;
            }
            await using var export = File.OpenRead(path);
            return Report(await AuditVerifier.VerifyExportAsync(export, cancellation));
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
        Console.WriteLine(result.TruncationExcluded
            ? "Within this export nothing was cut off. Without an outside checkpoint a rollback of the whole store can't be excluded."
            : "Cutting off the newest records, or rolling the whole store back, can't be excluded without an export's closing line or an outside checkpoint.");
        return Output.Ok;
    }
}
