namespace Interlock.Core.Policy;

/// <summary>What a rule asks for, from weakest to strongest.</summary>
public enum PolicyEffect
{
    Allow,
    RequireApproval,
    Deny,
}
