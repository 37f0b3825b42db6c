namespace Interlock.Core.Runs;

/// <summary>
/// The behaviour of interpreter, jq, schema validation and number formatting, fixed for a run in <see cref="RunEvent.RunStarted"/>.
/// A change of behaviour adds a member; recorded runs of the older ones replay for ever.
/// </summary>
public enum LogicVersion
{
    V1 = 1,
}
