namespace Interlock.Core.Approvals;

/// <summary>
/// One person's word that another may decide in their place until a time: for one gate, in its row, or for all. The subjects are people of the tenant.
/// Nobody passes on what was delegated to them.
/// </summary>
public sealed record Delegation(string Id, string From, string To, DateTimeOffset Since, DateTimeOffset Until, string? Reason)
{
    public bool IsActive(DateTimeOffset now) => Since <= now && now < Until;
}
