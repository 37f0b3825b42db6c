using System.Text;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Json;

namespace Interlock.Tests.Audit;

internal static class AuditSamples
{
    public static readonly TenantId Tenant = new("contoso");
    public static readonly DateTimeOffset Time = new(2026, 3, 3, 2, 0, 0, TimeSpan.Zero);

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static AuditChain Run(string id = "r1") => AuditChain.ForRun(Tenant, new RunId(id));

    public static AuditRecord Record(AuditChain chain, string id, string outcome = "ok") => new()
    {
        Id = id,
        Type = AuditTypes.CallOutcome,
        Time = Time,
        Tenant = chain.Tenant,
        Chain = chain.Id,
        Target = "crm/read",
        Outcome = outcome,
    };

    public static async Task FillAsync(this AuditLog log, AuditChain chain, int count)
    {
        for (var i = 1; i <= count; i++)
            Assert.IsType<AuditAppendResult.Appended>(await log.AppendAsync(chain, [Record(chain, $"{chain.Id}-{i}", $"outcome {i}")], [], Token));
    }

    public static async Task<List<string>> ExportAsync(this AuditLog log, TenantId? tenant = null)
    {
        using var output = new MemoryStream();
        await log.ExportAsync(tenant ?? Tenant, output, Token);
        return [.. Encoding.UTF8.GetString(output.ToArray()).TrimEnd('\n').Split('\n')];
    }

    public static async Task<AuditVerification> VerifyAsync(IEnumerable<string> lines)
    {
        using var input = new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"));
        return await AuditVerifier.VerifyExportAsync(input, cancellationToken: Token);
    }

    /// <summary>The line with another record, and the hash that belongs to it.</summary>
    public static string Rehash(string line, long? seq = null, string? prev = null, JsonValue? record = null)
    {
        var json = StrictJson.Parse(line);
        var place = seq ?? (long)json["seq"]!.AsNumber();
        var before = prev ?? json["prev"]!.AsString();
        var content = record ?? json["record"]!;
        return json.With("seq", place).With("prev", before).With("record", content)
            .With("hash", CanonicalJson.Digest(JsonValue.Object(("seq", place), ("prev", before), ("record", content)))).ToString();
    }
}
