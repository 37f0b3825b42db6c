using System.Globalization;
using Interlock.Core.Audit;

namespace Interlock.Http.Hosting;

/// <summary>The audit record of what is refused at the edge, before it gets to the gateway or to a gate.</summary>
internal static class RefusalRecord
{
    public static AuditRecord Of(AuditChain chain, string id, DateTimeOffset at, string? stage, string? rule, string? detail) => new()
    {
        Id = id,
        Type = AuditTypes.CallRefused,
        Time = at,
        Tenant = chain.Tenant,
        Chain = chain.Id,
        Decision = "refused",
        Stage = stage,
        Rule = rule,
        Reason = detail,
    };

    /// <summary>A minute that refusals are counted in.</summary>
    public static string Minute(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture);
}
