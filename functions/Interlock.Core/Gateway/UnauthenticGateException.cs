namespace Interlock.Core.Gateway;

/// <summary>A gate's row was not written by Interlock (<c>grant-unauthentic</c>): nothing is known of the gate until somebody has looked at the store.</summary>
public sealed class UnauthenticGateException(GateId gate) : Exception($"The row of gate {gate} counts for nothing. {Advice}")
{
    public const string Advice = "The gate's row was not written by Interlock; an administrator must look at the store.";
}
