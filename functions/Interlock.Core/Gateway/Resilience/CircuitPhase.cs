namespace Interlock.Core.Gateway.Resilience;

/// <summary>Whether an address takes calls: all, one that tries it, or none.</summary>
public enum CircuitPhase
{
    Closed,
    HalfOpen,
    Open,
}
