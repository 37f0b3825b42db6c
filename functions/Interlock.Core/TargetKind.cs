namespace Interlock.Core;

/// <summary>What a call is aimed at.</summary>
public enum TargetKind
{
    Tool,
    Agent,
}
